"""The app as its users meet it: in Chromium, with real trials."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

pytest.importorskip("fastapi", reason="the app needs the extra [app]")

import app_stub_worker as stub
from app_client import UPLOAD_MB, Client, eventually, running_service
from browser import Watched
from gaitdynamics.app.limits import Limits
from gaitdynamics.app.server import build_service
from gaitdynamics.files.storage import read_storage, write_storage

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"
ENDED = "#done:not([hidden]), #error:not([hidden])"


@pytest.fixture
def opened(page, app: Client):
    """The app's page, and what it complains about."""
    page.watched = Watched(page)
    page.goto(app.address)
    yield page
    assert page.watched.errors == []
    assert all(url.startswith((app.address, "data:", "blob:")) for url in page.watched.requests)


@contextmanager
def another_user(browser, app: Client) -> Iterator:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(app.address)
    yield page
    context.close()


def fill(page, motion: Path, model: Path | None, belt: str = "") -> None:
    page.set_input_files("#motion", motion)
    if model is not None:
        page.set_input_files("#model", model)
    page.check(f"input[name=surface][value={'treadmill' if belt else 'overground'}]")
    if belt:
        page.fill("#belt", belt)


def run(page, *, seconds: float = 90.0) -> None:
    page.click("#run")
    page.wait_for_selector(ENDED, timeout=1000 * seconds)


def download(page, folder: Path) -> Path:
    """Save the results, and unpack them."""
    with page.expect_download() as waiting:
        page.click("#download")
    path = folder / "results.zip"
    waiting.value.save_as(path)
    with zipfile.ZipFile(path) as packed:
        packed.extractall(folder / "unpacked")
    (inside,) = (folder / "unpacked").iterdir()
    return inside


def picture(page, frame, selector: str) -> np.ndarray:
    return imread(BytesIO(frame.locator(selector).screenshot()), format="png")[..., :3]


def report(page):
    """The page of the result, within its frame, when it is drawn."""
    frame = page.frame_locator("#report")
    frame.locator("body[data-ready]").wait_for(timeout=120_000)
    return frame


def walk(data_folder: Path) -> tuple[Path, Path]:
    folder = data_folder / "Arnold2013" / "subject01"
    return folder / "walk2_ik.mot", folder / "model.osim"


def test_a_real_trial_from_upload_to_opensim(
    opened, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(opened, *walk(data_folder), belt="1.25")
    run(opened)
    assert opened.inner_text("#headline").startswith("walk2_ik: treadmill 1.25 m/s, 72.8 kg")
    frame = report(opened)
    opened.locator("#report").scroll_into_view_if_needed()
    # The skeleton is there, and moves when it is played.
    still = picture(opened, frame, "#view")
    assert still.std() > 0.05, "the view is empty"
    frame.locator("#play").click()
    opened.wait_for_timeout(700)
    frame.locator("#play").click()
    moved = picture(opened, frame, "#view")
    assert (np.abs(moved - still).max(axis=-1) > 0.1).mean() > 5e-3
    # So is the curve, in the page and as a picture.
    assert frame.locator("#charts .scatterlayer path.js-line").count() > 0
    assert opened.evaluate("document.querySelector('#pictures img').naturalWidth") > 500
    # The report has neither the rights of the page nor a way to the service.
    inner = next(frame for frame in opened.frames if "/reports/" in frame.url)
    assert inner.evaluate("origin") == "null"
    assert opened.watched.errors == []
    assert inner.evaluate("fetch('/health').then(() => 'reached', () => 'refused')") == "refused"
    opened.watched.errors.clear()  # the browser notes that refusal
    folder = download(opened, tmp_path)
    assert {"walk2_ik.mot", "model.osim", "walk2_ik_grf.mot", "walk2_ik_report.html"} <= {
        p.name for p in folder.iterdir()
    }
    opensim = pytest.importorskip("opensim")
    monkeypatch.chdir(folder)
    opensim.Logger.removeFileSink()
    assert opensim.InverseDynamicsTool("walk2_ik_id_setup.xml").run()
    moments = read_storage(folder / "walk2_ik_id_opensim.sto")
    inner = slice(20, -20)
    weight = 72.84 * 9.81
    # Forces were read and act on the right feet: what is left at the pelvis is small, ankles push.
    assert np.abs(moments.column("pelvis_ty_force"))[inner].mean() < 0.10 * weight
    assert moments.column("ankle_angle_r_moment")[inner].min() < -0.8 * 72.84


def test_a_broken_file_is_told_as_the_command_line_tells_it(opened, app: Client, tmp_path: Path) -> None:
    rows = (EXAMPLE / "walking.mot").read_text(encoding="utf-8").splitlines()
    rows[40] = rows[40].replace(rows[40].split("\t")[3], "abc", 1)
    (tmp_path / "walk.mot").write_text("\n".join([*rows, ""]), encoding="utf-8")
    fill(opened, tmp_path / "walk.mot", EXAMPLE / "subject.osim")
    run(opened)
    told = opened.inner_text("#error")
    assert told.startswith("Error: walk.mot, row ")
    assert "'abc'" in told
    assert "Remedy:" in told
    assert opened.is_hidden("#done")
    # Mended, with nothing else touched, it goes through.
    opened.set_input_files("#motion", EXAMPLE / "walking.mot")
    run(opened)
    assert opened.inner_text("#headline").startswith("walking: overground")


def test_two_users_at_once_get_their_own(opened, browser, app: Client, data_folder: Path, tmp_path: Path) -> None:
    with another_user(browser, app) as other:
        fill(opened, *walk(data_folder), belt="1.25")
        fill(other, EXAMPLE / "walking.mot", EXAMPLE / "subject.osim")
        opened.click("#run")
        opened.wait_for_selector("#progress:not([hidden])")
        other.click("#run")
        for page in (opened, other):
            page.wait_for_selector(ENDED, timeout=180_000)
        assert opened.inner_text("#headline").startswith("walk2_ik: treadmill")
        assert other.inner_text("#headline").startswith("walking: overground")
        mine, theirs = download(opened, tmp_path / "mine"), download(other, tmp_path / "theirs")
        assert not {p.name for p in mine.iterdir()} & {p.name for p in theirs.iterdir()}


def test_a_queue_is_told_and_moves_on(browser, tmp_path: Path) -> None:
    """With a worker that takes as many seconds as the height says."""
    build = lambda: build_service(Limits(), tmp_path, worker=stub.serve)  # noqa: E731
    with running_service(build) as service, ExitStack() as users:
        service.wait_until_ready()
        first, second, third = (users.enter_context(another_user(browser, service)) for _ in range(3))
        steps = ((first, "600", "working"), (second, "0", "You are next"), (third, "0", "One run before"))
        for page, height, told in steps:
            fill(page, EXAMPLE / "walking.mot", None)
            page.fill("#height", height)
            page.click("#run")
            page.get_by_text(told).wait_for()
        first.click("#cancel")
        for page in (second, third):
            page.wait_for_selector(ENDED)
            assert page.inner_text("#headline").startswith("walking")
        assert first.is_visible("#empty")


def test_ten_minutes(opened, data_folder: Path, tmp_path: Path) -> None:
    motion, model = walk(data_folder)
    long = repeat_strides(motion, tmp_path / "long.mot", 600.0)
    assert 10e6 < long.stat().st_size < 1e6 * UPLOAD_MB
    fill(opened, long, model, belt="1.25")
    run(opened, seconds=300)
    assert opened.inner_text("#headline").startswith("long: treadmill 1.25 m/s"), opened.inner_text("#error")
    frame = report(opened)
    assert "600 s" in frame.locator("body").inner_text()
    forces = read_storage(download(opened, tmp_path) / "long_grf.mot")
    vertical = forces.column("ground_force_vy") + forces.column("1_ground_force_vy")
    assert forces.time[-1] - forces.time[0] > 599.0
    assert abs(vertical.mean() / (72.84 * 9.81) - 1.0) < 0.05


def repeat_strides(motion: Path, path: Path, seconds: float) -> Path:
    """Repeat a treadmill walk from the first frame to the one most like it, as often as it takes."""
    table = read_storage(motion)
    angles = table.data[:, 1:]
    step = table.time[1] - table.time[0]
    late = len(angles) // 2
    end = late + int(np.argmin(np.square((angles[late:] - angles[0]) / (np.ptp(angles, axis=0) + 1e-9)).sum(axis=1)))
    times = int(np.ceil(seconds / (end * step))) + 1
    rows = np.tile(angles[:end], (times, 1))[: int(seconds / step) + 1]
    data = np.column_stack([np.arange(len(rows)) * step, rows])
    write_storage(path, list(table.labels), data, name="long", in_degrees=bool(table.in_degrees))
    return path


def test_an_oversized_file_and_another_kind(opened, tmp_path: Path) -> None:
    large, foreign = tmp_path / "large.mot", tmp_path / "walk.exe"
    with large.open("wb") as file:
        file.truncate(int(1e6 * UPLOAD_MB) + 1)
    foreign.write_bytes(b"MZ")
    fill(opened, large, None)
    run(opened)
    assert f"large.mot: the file is larger than {UPLOAD_MB:g} MB" in opened.inner_text("#error")
    fill(opened, foreign, None)
    run(opened)
    assert "walk.exe: a file of another kind was expected" in opened.inner_text("#error")
    opened.reload()
    run(opened)
    assert "no motion is given" in opened.inner_text("#error")


def test_one_of_several_motions_is_chosen(opened, data_folder: Path) -> None:
    opened.set_input_files("#motion", data_folder / "b3d" / "Uhlrich2023_subject04.b3d")
    opened.wait_for_selector("#trial-field:not([hidden])", timeout=120_000)
    names = opened.locator("#trial option").all_inner_texts()
    assert len(names) > 1
    assert "model included" in opened.inner_text("#upload-state")
    assert "in the file" in (opened.get_attribute("#mass", "placeholder") or "")
    chosen = next(name for name in names if name.startswith("walking"))
    opened.select_option("#trial", label=chosen)
    opened.check("input[name=surface][value=overground]")
    run(opened)
    assert opened.inner_text("#headline").startswith(chosen), opened.inner_text("#error")


def test_cancelling_reloading_and_deleting(opened, app: Client) -> None:
    opened.check("input[name=task][value=sway]")
    opened.click("#example")
    opened.get_by_text("Generating").wait_for(timeout=120_000)
    opened.click("#cancel")
    opened.wait_for_selector("#empty:not([hidden])")
    opened.check("input[name=task][value=forces]")
    opened.click("#example")
    opened.wait_for_selector(ENDED, timeout=180_000)
    opened.reload()
    opened.wait_for_selector("#done:not([hidden])")
    address = opened.get_attribute("#download", "href")
    assert app.call("GET", f"/{address}").status == 200
    opened.click("#delete")
    opened.wait_for_selector("#empty:not([hidden])")
    eventually(lambda: app.call("GET", f"/{address}").status == 404)


def test_a_phone_a_keyboard_and_a_reader_of_screens(browser, app: Client) -> None:
    context = browser.new_context(viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(app.address)
    unlabelled = page.evaluate(
        "[...document.querySelectorAll('input, select, button, progress, iframe')].filter((e) => !(e.labels?.length "
        "|| e.textContent.trim() || e.title || e.getAttribute('aria-labelledby'))).map((e) => e.outerHTML)"
    )
    assert unlabelled == []
    assert page.get_attribute("html", "lang") == "en"
    page.focus("#example")
    page.keyboard.press("Enter")
    page.wait_for_selector(ENDED, timeout=180_000)
    assert page.evaluate("document.activeElement.id") == "results"
    # Nothing is wider than the screen.
    report(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    context.close()
