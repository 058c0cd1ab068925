"""Styles by name: what there is, what is refused, and what drawing needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from impasto import styles
from impasto.errors import UnknownNameError, UsageError
from impasto.pictures import Picture

ROOM = Path(styles.__file__).parent


def test_there_are_at_least_nine_and_names_are_sorted_and_unique() -> None:
    names = styles.names()
    assert len(names) >= 9
    assert names == sorted(set(names))


def test_every_style_says_what_it_is_in_one_line() -> None:
    for style in styles.STYLES:
        assert style.title[0].isupper()
        assert style.description.endswith(".")
        assert "\n" not in style.description
        assert len(style.description) <= 80


def test_every_painting_in_the_room_is_registered() -> None:
    files = {path.stem for path in ROOM.glob("*.py") if "\ndef paint(" in path.read_text("utf-8")}
    assert files == {name.replace("-", "_") for name in styles.names()}


def test_draw_gives_a_picture_of_the_size_asked_for() -> None:
    picture = styles.draw("palette-knife", size=(60, 40), seed=1)
    assert isinstance(picture, Picture)
    assert picture.size == (60, 40)
    assert picture.alpha is None


@pytest.mark.parametrize("name", ["ukiyo-wave", "Ukiyo_Wave", " ukiyo-wave "])
def test_case_and_underscores_do_not_matter(name: str) -> None:
    assert styles.find(name).title == "Ukiyo wave"


def test_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="no style named 'mosiac'") as caught:
        styles.draw("mosiac")
    assert caught.value.exit_code == 3
    assert "'mosaic'" in caught.value.hint


def test_far_off_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownNameError) as caught:
        styles.find("zzz")
    assert all(name in caught.value.hint for name in styles.names())


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (4097, 10), (10, 10, 3), ()])
def test_impossible_sizes_are_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="cannot be drawn") as caught:
        styles.draw("mosaic", size=size)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    assert "4096" in caught.value.hint


def test_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="negative") as caught:
        styles.draw("mosaic", seed=-1)
    assert caught.value.exit_code == 2


def test_drawing_needs_neither_torch_nor_scipy_and_listing_needs_no_numpy() -> None:
    script = (
        "import sys; from impasto import styles; styles.names()\n"
        "assert 'impasto.styles.mosaic' not in sys.modules\n"
        "styles.draw('ukiyo-wave', size=(8, 8))\n"
        "print(sorted({'torch', 'scipy', 'skimage', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
