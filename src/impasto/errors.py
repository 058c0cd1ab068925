"""Every error that Impasto raises on purpose, as one tree.

Each class carries an exit code (command line), an HTTP status (service) and, per instance, a hint that says what to
do. The message says what was wrong in one sentence; neither holds a stack trace or another user's path.

    ImpastoError                     1   500
    ├── UsageError                   2   400   an option out of range, options that contradict each other
    │   └── UnknownNameError         3   404   a layer, preset, style … that does not exist; suggests near ones
    ├── PictureError                10   422   the picture cannot be used
    │   ├── NotAPictureError        11   415   the bytes are of no picture format that we read
    │   ├── TruncatedPictureError   12   422   the file ends before the picture does, or is damaged
    │   ├── EmptyPictureError       13   422   no bytes, or no pixels
    │   ├── PictureTooLargeError    14   413   more pixels than the limit, told by the header
    │   ├── DecompressionBombError  15   413   a small file that would unpack into a huge one
    │   ├── PictureNotFoundError    16   404   no such file
    │   ├── PictureIsDirectoryError 17   422   a folder where a file was expected
    │   └── UnreadablePictureError  18   422   the system refuses to read it (permissions, a broken disk)
    ├── OutputError                 20   500   the result cannot be written
    │   ├── OutputExistsError       21   409   it is there already, and --overwrite was not given
    │   ├── UnwritableOutputError   22   500   permissions, a missing folder, a folder in its place
    │   ├── DiskFullError           23   507   no space left
    │   └── UnknownSuffixError      24   400   a name that tells no format, or one that can't hold what is asked
    ├── WeightsError                30   500   weights cannot be used
    │   ├── WeightsMissingError     31   503   not on this machine yet
    │   └── WeightsFormatError      32   500   damaged, or of a layout that we don't know
    ├── DownloadError               40   502   weights could not be fetched
    │   ├── OfflineError            41   503   --offline was asked for
    │   ├── DownloadNotFoundError   42   502   the publisher no longer has it (404, 410)
    │   ├── DownloadStalledError    43   504   the server stopped sending, or never answered
    │   ├── WrongContentError       44   502   a web page came in place of weights
    │   └── HashMismatchError       45   502   the bytes are not those that were published
    ├── MissingExtraError           50   501   an optional part is not installed; the hint is the command to type
    ├── DeviceError                 51   503   a device asked for by name is not here
    ├── OutOfMemoryError            52   413   this picture needs more memory than there is
    ├── DivergedError               53   500   an optimisation or a training met NaN and could not recover
    ├── TrainingDataError           54   422   nothing to train on, a checkpoint that does not fit
    ├── ExportError                 55   500   an exported network does not do what the trained one does
    ├── ServiceError                70   500   the service can't do what was asked of it
    │   ├── NoSuchOrderError        71   404   no order of that id, or it is somebody else's
    │   ├── ConflictingOrderError   72   409   an idempotency key that came before with another order
    │   ├── OrderStateError         73   409   an order that is not in a state for this
    │   ├── BusyError               74   429   too many orders wait; come again later
    │   ├── OrderTimeoutError       75   422   painting took longer than an order may
    │   ├── PainterDiedError        76   500   the process that painted died, again and again
    │   ├── BodyTooLargeError       77   413   a request of more bytes than the limit
    │   ├── SlowBodyError           80   408   a request that does not come to its end
    │   ├── NotAFormError           83   415   a request whose body is no form that we read
    │   ├── KeyRefusedError         78   401   no API key, or one that is not known
    │   ├── ForbiddenError          79   403   a key that is not for this; a page of another site, where none is needed
    │   ├── WebhookError            82   502   a client's address could not be told of an order's end
    │   ├── QuotaError              81   429   a key that has been used for all that it is for; come again later
    │   ├── DatabaseAwayError       84   503   the service's database does not answer
    │   └── StorageAwayError        85   503   the service's pictures can't be read, or kept, at the moment
    ├── PartialFailureError         60   207   some of several pictures failed; the others are done
    └── InterruptedByUserError     130   499   Ctrl-C
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import ClassVar


class ImpastoError(Exception):
    """Root of the tree. `message` says what was wrong, `hint` what to do about it: by default `usual_hint`."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    usual_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.usual_hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments don't survive BaseException's own pickling, and errors cross worker processes.
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[ImpastoError], message: str, hint: str) -> ImpastoError:
    error = kind.__new__(kind)
    ImpastoError.__init__(error, message, hint=hint)
    return error


class UsageError(ImpastoError):
    exit_code, http_status = 2, 400


class UnknownNameError(UsageError):
    """A name that the user typed and that does not exist; suggests the nearest known ones."""

    exit_code, http_status = 3, 404

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        known, name = sorted(known), shortened(name)
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        if near:
            hint = f"Did you mean {' or '.join(repr(n) for n in near)}? {hint}".strip()
        elif not hint and known:
            hint = f"Known: {', '.join(known)}."
        super().__init__(f"There is no {kind} named {name!r}.", hint=hint)


def shortened(word: str, most: int = 100) -> str:
    """What a user gave, for a message: its beginning, if it is long."""
    return word if len(word) <= most else f"{word[:most]}…"


class PictureError(ImpastoError):
    exit_code, http_status = 10, 422


class NotAPictureError(PictureError):
    exit_code, http_status = 11, 415


class TruncatedPictureError(PictureError):
    exit_code, http_status = 12, 422


class EmptyPictureError(PictureError):
    exit_code, http_status = 13, 422


class PictureTooLargeError(PictureError):
    exit_code, http_status = 14, 413


class DecompressionBombError(PictureError):
    exit_code, http_status = 15, 413


class PictureNotFoundError(PictureError):
    exit_code, http_status = 16, 404


class PictureIsDirectoryError(PictureError):
    exit_code, http_status = 17, 422


class UnreadablePictureError(PictureError):
    exit_code, http_status = 18, 422


class OutputError(ImpastoError):
    exit_code, http_status = 20, 500


class OutputExistsError(OutputError):
    exit_code, http_status = 21, 409


class UnwritableOutputError(OutputError):
    exit_code, http_status = 22, 500


class DiskFullError(OutputError):
    exit_code, http_status = 23, 507


class UnknownSuffixError(OutputError):
    exit_code, http_status = 24, 400


class WeightsError(ImpastoError):
    exit_code, http_status = 30, 500


class WeightsMissingError(WeightsError):
    exit_code, http_status = 31, 503


class WeightsFormatError(WeightsError):
    exit_code, http_status = 32, 500
    usual_hint = "Take another copy of the file, or one that `impasto weights list` names."


class DownloadError(ImpastoError):
    exit_code, http_status = 40, 502


class OfflineError(DownloadError):
    exit_code, http_status = 41, 503


class DownloadNotFoundError(DownloadError):
    exit_code, http_status = 42, 502


class DownloadStalledError(DownloadError):
    exit_code, http_status = 43, 504


class WrongContentError(DownloadError):
    exit_code, http_status = 44, 502


class HashMismatchError(DownloadError):
    exit_code, http_status = 45, 502


class MissingExtraError(ImpastoError):
    """An optional part is not installed; the hint is the exact command to type."""

    exit_code, http_status = 50, 501

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the optional part {extra!r}, which is not installed.",
            hint=f"Type: pip install 'impasto[{extra}]'",
        )


class DeviceError(ImpastoError):
    exit_code, http_status = 51, 503


class OutOfMemoryError(ImpastoError):
    exit_code, http_status = 52, 413


class DivergedError(ImpastoError):
    exit_code, http_status = 53, 500


class TrainingDataError(ImpastoError):
    exit_code, http_status = 54, 422
    usual_hint = "Name folders that hold pictures."


class ExportError(ImpastoError):
    exit_code, http_status = 55, 500
    usual_hint = "Try another version of torch or onnxruntime."


class ServiceError(ImpastoError):
    exit_code, http_status = 70, 500


class NoSuchOrderError(ServiceError):
    exit_code, http_status = 71, 404

    def __init__(self) -> None:
        super().__init__("There is no order of that id.", hint="Check it; orders are forgotten after some days.")


class ConflictingOrderError(ServiceError):
    exit_code, http_status = 72, 409

    def __init__(self) -> None:
        super().__init__("The Idempotency-Key came before with another order.", hint="Use a new key for a new order.")


class OrderStateError(ServiceError):
    exit_code, http_status = 73, 409


class LaterError(ServiceError):
    """What can be had later: `retry_after` seconds from now it is worth while to come again."""

    http_status = 429

    def __init__(self, message: str, *, retry_after: float = 1.0, hint: str = "Come again a little later.") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = max(1, math.ceil(retry_after))


class BusyError(LaterError):
    exit_code = 74


class QuotaError(LaterError):
    exit_code = 81


class DatabaseAwayError(LaterError):
    exit_code, http_status = 84, 503


class StorageAwayError(LaterError):
    exit_code, http_status = 85, 503


class OrderTimeoutError(ServiceError):
    exit_code, http_status = 75, 422
    usual_hint = "Ask for a smaller picture, or a faster quality."


class PainterDiedError(ServiceError):
    exit_code, http_status = 76, 500
    usual_hint = "Try again; if it happens again, the picture may be too large."


class BodyTooLargeError(ServiceError):
    exit_code, http_status = 77, 413


class SlowBodyError(ServiceError):
    exit_code, http_status = 80, 408
    usual_hint = "Send the request again, over a faster line."


class NotAFormError(ServiceError):
    exit_code, http_status = 83, 415
    usual_hint = "Send a form: multipart/form-data, in UTF-8."


class WebhookError(ServiceError):
    exit_code, http_status = 82, 502


class KeyRefusedError(ServiceError):
    exit_code, http_status = 78, 401


class ForbiddenError(ServiceError):
    exit_code, http_status = 79, 403


class PartialFailureError(ImpastoError):
    exit_code, http_status = 60, 207


class InterruptedByUserError(ImpastoError):
    exit_code, http_status = 130, 499
