import pytest

from tests._javascript import serve
from velveteen.recipes.layout import targets
from velveteen.recipes.layout.targets import LOCAL, resolve

SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


def loc(*addresses):
    return SITEMAP.format("".join(f"<url><loc>{each}</loc></url>" for each in addresses))


def test_what_a_target_can_be(tmp_path):
    site = tmp_path / "site"
    (site / "sub dir").mkdir(parents=True)
    (site / ".git").mkdir()
    (site / "node_modules").mkdir()
    for name in ("index.html", "sub dir/page.htm", ".git/hidden.html", "node_modules/other.html", "style.css"):
        (site / name).write_text("")
    (tmp_path / "shot.PNG").write_bytes(b"")
    address, page, first, second, picture = resolve(
        ["https://example.org/a?b=c", str(site / "index.html"), str(site), str(tmp_path / "shot.PNG")]
    )
    assert (address.address, address.root) == ("https://example.org/a?b=c", None)
    assert (page.address, page.root) == (f"{LOCAL}/index.html", site.resolve())
    assert [first.address, second.address] == [f"{LOCAL}/index.html", f"{LOCAL}/sub%20dir/page.htm"]
    assert picture.picture == tmp_path / "shot.PNG" and not picture.address


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing-here.html", "There is no file or folder nothing-here.html"),
        ("file:///etc/passwd", "file: is nothing that can be checked. Give the file's path"),
        ("chrome://crash", "Addresses begin with http"),
        ("http:///path", "names no host"),
    ],
)
def test_what_is_no_target_says_why(name, message):
    (target,) = resolve([name])
    assert message in target.error and target.name == name


def test_a_folder_without_pages_and_a_file_of_another_kind(tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    errors = [target.error for target in resolve([str(tmp_path), str(tmp_path / "notes.txt")])]
    assert "no HTML files" in errors[0] and "is no page (.html), picture" in errors[1]


def test_sitemaps(tmp_path):
    with serve({"/": tmp_path}) as address:
        (tmp_path / "pages.xml").write_text(loc(f"{address}/a", f"{address}/b", f"{address}/a", "file:///etc/passwd"))
        (tmp_path / "sitemap.xml").write_text(
            f"<sitemapindex><sitemap><loc>{address}/pages.xml</loc></sitemap></sitemapindex>"
        )
        found = resolve([f"{address}/sitemap.xml"])
        assert [each.name for each in found] == [f"{address}/a", f"{address}/b", "file:///etc/passwd"]
        assert [each.error is None for each in found] == [True, True, False]
        (missing,) = resolve([f"{address}/other.xml"])
        assert "answered 404" in missing.error
        (tmp_path / "round.xml").write_text(
            f"<sitemapindex><sitemap><loc>{address}/round.xml</loc></sitemap></sitemapindex>"
        )
        (endless,) = resolve([f"{address}/round.xml"])
        assert "not followed further" in endless.error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><urlset/>', "it defines entities"),
        ("<urlset>", "is no sitemap: "),
        ("<urlset/>", "has no <loc>"),
    ],
)
def test_what_is_no_sitemap(tmp_path, content, message):
    (tmp_path / "sitemap.xml").write_text(content)
    (target,) = resolve([str(tmp_path / "sitemap.xml")])
    assert message in target.error


def test_a_sitemap_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "_MOST_BYTES", 10)
    (tmp_path / "sitemap.xml").write_text(loc("http://a/"))
    (target,) = resolve([str(tmp_path / "sitemap.xml")])
    assert "larger than a sitemap may be" in target.error
