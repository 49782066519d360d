"""Checks of pictures: size, format, whether there is something to see. Read with Pillow, bounded before decoding."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Literal

from evalkit.checks.adapters import Files
from evalkit.checks.deliverables import Check
from evalkit.checks.foreign import reading_as
from evalkit.checks.problems import BadDeliverableError, NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.registry import check
from evalkit.checks.result import Finding, Place

if TYPE_CHECKING:
    from PIL.Image import Image

Side = Annotated[int, AtLeast(1)]
Level = Annotated[int, AtLeast(0)]

_MAX_PIXELS = 40_000_000
"""Decoded, that is 160 MB."""
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_PRINT_SIDE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One decoded picture, on a white ground where it is transparent."""

    format: str
    width: int
    height: int
    corners: tuple[tuple[int, int, int], ...]
    ink: float
    """Share of pixels that differ visibly from the upper left one."""
    colours: int
    """Different ones, up to 256."""
    print: tuple[bool, ...]
    """Which of 256 fields are brighter than the field to their left."""


def parse_picture(content: bytes, name: str) -> Picture:
    """The picture that `content` holds, its first frame.

    Raises:
        BadDeliverableError: more pixels than any chart needs, damaged, or in none of the known formats.
    """
    with reading_as("a picture", name), warnings.catch_warnings():
        warnings.simplefilter("error")
        from PIL import Image  # noqa: PLC0415 - only checks of this format should pay for it

        with Image.open(BytesIO(content), formats=_FORMATS) as source:
            if source.width * source.height > _MAX_PIXELS:
                found = f"{source.width} × {source.height} pixels"
                wanted = f"at most {_MAX_PIXELS // 1_000_000} million pixels"
                raise BadDeliverableError(found, wanted=wanted, at=Place(file=name))
            format_name = source.format or ""
            flat = Image.new("RGB", source.size, "white")
            layer = source.convert("RGBA")
            flat.paste(layer, mask=layer.getchannel("A"))
        return _measured(flat, format_name)


@check(version=1)
def size(
    on: Check,
    *,
    files: Files,
    width: Side | None = None,
    height: Side | None = None,
    format: Literal["PNG", "JPEG", "GIF", "WEBP"] | None = None,  # noqa: A002 - the word that suites use
) -> Finding:
    """Every picture decodes, is so many pixels wide and high, and is stored in `format`.

    {check: image_file.size, with: {files: "*.png", width: 1600, height: 900, format: PNG}}
    """
    for file in on.matching(files):
        found = on.parsed(file, parse_picture)
        wanted = f"{width or 'any'} × {height or 'any'} {format or ''}".rstrip()
        fits = found.width == (width or found.width) and found.height == (height or found.height)
        if not fits or found.format != (format or found.format):
            return on.failed(f"{found.width} × {found.height} {found.format}", wanted=wanted, at=on.place(file))
    return on.passed()


@check(version=1)
def not_blank(
    on: Check,
    *,
    files: Files,
    ink_percent: Annotated[int, AtLeast(0)] = 1,
    colours: Annotated[int, AtLeast(2)] = 2,
) -> Finding:
    """Every picture shows something: `ink_percent` of its pixels differ from its upper left one, in so many `colours`.

    {check: image_file.not_blank, with: {files: "*.png", ink_percent: 2, colours: 8}}
    """
    for file in on.matching(files):
        found = on.parsed(file, parse_picture)
        if found.ink * 100 < ink_percent or found.colours < colours:
            words = f"{found.ink:.1%} ink, {found.colours} colours"
            wanted = f"at least {ink_percent} % ink and {colours} colours"
            return on.failed(words, wanted=wanted, at=on.place(file))
    return on.passed()


@check(version=1)
def corners(
    on: Check, *, files: Files, colour: Annotated[tuple[Level, ...], AtLeast(3)] = (255, 255, 255), off_by: Level = 4
) -> Finding:
    """The four corner pixels of every picture have the `colour` (red, green, blue; white unless told), within `off_by`.

    {check: image_file.corners, with: {files: "*.png", colour: [255, 255, 255]}}
    """
    if len(colour) != 3 or max(colour) > 255:
        raise NotMeasuredError(f"{list(colour)} is no colour; write red, green and blue from 0 to 255")
    for file in on.matching(files):
        for found in on.parsed(file, parse_picture).corners:
            if any(abs(a - b) > off_by for a, b in zip(found, colour, strict=True)):
                return on.failed(f"a corner of {found}", wanted=f"corners of {tuple(colour)}", at=on.place(file))
    return on.passed()


@check(version=1)
def distinct(on: Check, *, files: Files, at_least: Annotated[int, AtLeast(1)] = 6) -> Finding:
    """No two pictures look alike: of 256 fields, `at_least` so many are shaded differently.

    {check: image_file.distinct, with: {files: "*.png"}}
    """
    chosen = on.matching(files)
    if len(chosen) < 2:
        return on.failed("one picture", wanted="several that differ", at=on.place(chosen[0]))
    for one, other in combinations(chosen, 2):
        prints = zip(on.parsed(one, parse_picture).print, on.parsed(other, parse_picture).print, strict=True)
        differing = sum(a != b for a, b in prints)
        if differing < at_least:
            found = f"{differing} of 256 fields differ from {other.name!r}"
            return on.failed(found, wanted=f"at least {at_least}", at=on.place(one))
    return on.passed(f"{len(chosen)} pictures")


def _measured(flat: "Image", format_name: str) -> Picture:
    from PIL import (  # noqa: PLC0415 - only checks of this format should pay for it
        Image,
        ImageChops,
    )

    right, bottom = flat.width - 1, flat.height - 1
    corners = tuple(_pixel(flat, x, y) for x, y in ((0, 0), (right, 0), (0, bottom), (right, bottom)))
    ground = Image.new("RGB", flat.size, corners[0])
    difference = ImageChops.difference(flat, ground).convert("L")
    plain = sum(difference.histogram()[:8])
    counted = flat.getcolors(256)
    small = flat.convert("L").resize((_PRINT_SIDE + 1, _PRINT_SIDE))
    shades = [[_shade(small, x, y) for x in range(_PRINT_SIDE + 1)] for y in range(_PRINT_SIDE)]
    return Picture(
        format=format_name,
        width=flat.width,
        height=flat.height,
        corners=corners,
        ink=1 - plain / (flat.width * flat.height),
        colours=256 if counted is None else len(counted),
        print=tuple(row[x + 1] > row[x] for row in shades for x in range(_PRINT_SIDE)),
    )


def _pixel(image: "Image", x: int, y: int) -> tuple[int, int, int]:
    pixel = image.getpixel((x, y))
    assert isinstance(pixel, tuple), "an RGB image has three numbers a pixel"
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def _shade(image: "Image", x: int, y: int) -> float:
    shade = image.getpixel((x, y))
    assert isinstance(shade, int | float), "a grey image has one number a pixel"
    return shade
