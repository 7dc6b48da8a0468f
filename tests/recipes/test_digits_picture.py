import numpy as np
import pytest
from PIL import Image, ImageDraw

from velveteen.errors import DataError, FileFormatError, MissingFileError
from velveteen.recipes.digits import data, picture


def draw_seven(size, ink, paper, mode="RGB", at=(0.0, 0.0), scale=1.0):
    """Returns a picture with a 7 drawn with a round pen."""
    image = Image.new(mode, size, paper)
    side = scale * min(size)
    points = [(at[0] + x * side, at[1] + y * side) for x, y in ((0.25, 0.2), (0.75, 0.2), (0.45, 0.8))]
    pen = max(1, round(0.07 * side))
    ImageDraw.Draw(image).line(points, fill=ink, width=pen, joint="curve")
    return image


@pytest.fixture
def read(tmp_path):
    def save_and_read(image, name="digit.png", **options):
        image.save(tmp_path / name, **options)
        return picture.read(tmp_path / name)

    return save_and_read


@pytest.fixture
def seven(read):
    return read(draw_seven((300, 300), "black", "white"))


def difference(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


def test_the_answer_looks_like_mnist(seven):
    assert seven.shape == (28, 28)
    assert seven.dtype == np.uint8
    assert seven.max() == 255
    rows, columns = np.flatnonzero(seven.any(axis=1)), np.flatnonzero(seven.any(axis=0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 < 20
    mass = seven / seven.sum()
    assert (mass.sum(axis=1) * np.arange(28)).sum() == pytest.approx(14, abs=0.51)
    assert (mass.sum(axis=0) * np.arange(28)).sum() == pytest.approx(14, abs=0.51)


@pytest.mark.parametrize(
    "image",
    [
        draw_seven((300, 300), "white", "black"),
        draw_seven((300, 300), (30, 60, 200), (250, 240, 200)),
        draw_seven((300, 300), (255, 230, 120), (90, 20, 60)),
        draw_seven((300, 300), 100, 150, mode="L"),
        draw_seven((300, 300), (0, 0, 0, 255), (0, 0, 0, 0), mode="RGBA"),
        draw_seven((300, 300), (255, 255, 255, 255), (0, 0, 0, 0), mode="RGBA"),
        draw_seven((300, 300), (40, 40, 40, 255), (255, 255, 255, 255), mode="RGBA"),
        draw_seven((300, 300), (0, 255), (255, 255), mode="LA"),
        draw_seven((300, 300), 60, 200, mode="P"),
        draw_seven((900, 400), "black", "white", at=(430, 90), scale=0.75),
        draw_seven((2500, 2500), "black", "white", at=(100, 900), scale=0.5),
    ],
    ids=[
        "light on dark",
        "blue on cream",
        "yellow on purple",
        "low contrast",
        "black on nothing",
        "white on nothing",
        "opaque rgba",
        "grey with alpha",
        "palette",
        "in a corner",
        "huge",
    ],
)
def test_every_kind_of_picture_gives_the_same_digit(read, seven, image):
    if image.mode == "P":
        image.putpalette([value for grey in range(256) for value in (grey, grey, grey)])
    assert difference(read(image), seven) < 8  # half a pixel is rounded up here and down there; a wrong one gives 50


def test_small_pictures_are_enlarged(read, seven):
    small = draw_seven((300, 300), "black", "white").resize((12, 12), Image.Resampling.BOX)
    assert difference(read(small), seven) < 25


def test_sixteen_bits_a_pixel(read, seven):
    grey = np.asarray(draw_seven((300, 300), "black", "white").convert("L"), dtype=np.uint16)
    assert difference(read(Image.fromarray(grey * 200 + 1000)), seven) < 4


def test_transparent_corners_are_no_ink(read, seven):
    card = draw_seven((300, 300), (0, 0, 0, 255), (255, 255, 255, 255), mode="RGBA")
    card.paste((0, 0, 0, 0), (0, 0, 30, 30))
    card.paste((0, 0, 0, 0), (270, 270, 300, 300))
    assert difference(read(card), seven) < 4


def test_shadows_and_noise_are_no_ink(read, seven):
    random = np.random.default_rng(1)
    photo = np.asarray(draw_seven((300, 300), "black", "white").convert("L"), dtype=np.float32)
    light = np.linspace(0.75, 1, 300)[None, :] * 0.8
    photo = np.clip(photo * light + 30 + random.normal(0, 3, photo.shape), 0, 255).astype(np.uint8)
    assert difference(read(Image.fromarray(photo), "photo.jpg"), seven) < 8


def test_the_grain_of_paper_far_away_is_no_ink(read, seven):
    page = np.full((500, 400), 200.0)
    digit = np.asarray(draw_seven((150, 150), "white", "black").convert("L"), dtype=np.float32)
    page[300:450, 30:180] -= digit * 0.6
    page += np.random.default_rng(3).normal(0, 5, page.shape) + np.linspace(-15, 15, 400)
    assert difference(read(Image.fromarray(page.astype(np.uint8))), seven) < 8


def test_a_thin_pen_is_as_bright_as_a_thick_one(read):
    image = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(image).line([(100, 50), (300, 50), (180, 350)], fill=0, width=2)
    assert (read(image) > 200).sum() > 5


def test_the_camera_turned(read, seven):
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the picture is stored at the right
    turned = draw_seven((300, 300), "black", "white").transpose(Image.Transpose.ROTATE_90)
    assert difference(read(turned, "photo.jpg", exif=exif, quality=95), seven) < 4


def test_mnist_stays_as_it_is():
    originals = data.sample().test.images[::10]
    again = np.stack([picture.normalize(image) for image in originals])
    assert difference(again, originals) < 2


def test_resampling_is_that_of_pillow():
    random = np.random.default_rng(2)
    image = random.random((37, 53), dtype=np.float32)
    ours = picture.resample_matrix(37, 20) @ image @ picture.resample_matrix(53, 11).T
    np.testing.assert_allclose(ours, Image.fromarray(image).resize((11, 20), Image.Resampling.BILINEAR), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (300, 300)])
def test_an_empty_page_says_so(read, size):
    with pytest.raises(DataError, match=r"digit\.png: there is nothing on this picture. Give one with a digit"):
        read(Image.new("L", size, 255))


def test_a_single_dot_is_something(read):
    image = Image.new("L", (50, 50), 255)
    image.putpixel((20, 20), 0)
    assert read(image).shape == (28, 28)


def test_what_is_no_picture(tmp_path):
    with pytest.raises(MissingFileError, match=r"gone\.png is not a file that is there"):
        picture.read(tmp_path / "gone.png")
    with pytest.raises(MissingFileError, match="Give the path of a picture"):
        picture.read(tmp_path)
    (tmp_path / "text.png").write_text("a digit")
    with pytest.raises(FileFormatError, match=r"text\.png cannot be read as a picture.*Save it as PNG"):
        picture.read(tmp_path / "text.png")


def test_a_truncated_picture(tmp_path):
    path = tmp_path / "cut.png"
    draw_seven((300, 300), "black", "white").save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FileFormatError, match=r"cut\.png cannot be read"):
        picture.read(path)


def test_a_picture_that_claims_to_be_huge(tmp_path, monkeypatch):
    draw_seven((300, 300), "black", "white").save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(FileFormatError, match=r"bomb\.png cannot be read.*not larger than"):
        picture.read(tmp_path / "bomb.png")
