"""The picture of report.md: the top of a report in headless Chromium.

python -m docs.report_picture RUN      # writes docs/report.png; needs selenium and Chromium
"""

import argparse
import base64
import io
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image

import evonas

PICTURE = Path(__file__).parent / "report.png"
WIDTH, HEIGHT = 1180, 2280  # of the part that is shown, in pixels of the page
COLOURS = 256


def take(page: Path, driver_path: str, browser_path: str) -> Image.Image:
    """The top of a page, as soon as all is drawn."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser_path
    with tempfile.TemporaryDirectory() as profile:
        for option in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={profile}",
        ):  # fmt: skip
            options.add_argument(option)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
        try:
            driver.set_window_size(WIDTH, HEIGHT)
            driver.get(page.resolve().as_uri())
            while not driver.execute_script("return document.body.dataset.ready"):
                time.sleep(0.1)
            time.sleep(0.5)
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 0.8}
            shot = {"clip": clip, "captureBeyondViewport": True}
            taken = driver.execute_cdp_cmd("Page.captureScreenshot", shot)
        finally:
            driver.quit()
    return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")


def main() -> None:
    """Write the report of a run, and take its picture."""
    parser = argparse.ArgumentParser(description="The picture of docs/report.md.")
    parser.add_argument("run", type=Path, help="the folder of a run")
    run = parser.parse_args().run
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        parser.error("needs chromium and chromedriver on the path")
    with tempfile.TemporaryDirectory() as folder:
        page = evonas.report(run, out=Path(folder) / "report.html")
        taken = take(page, driver, browser)
    taken.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
