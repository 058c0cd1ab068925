"""`python -m impasto` is the command `impasto`."""

from impasto.cli import program

if __name__ == "__main__":
    program()
