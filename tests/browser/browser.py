# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""A headless Chromium, driven through Debian's chromium-driver (the WebDriver
protocol, https://www.w3.org/TR/webdriver2/) with Python's own library alone.
Everything it writes goes to a folder of its own that is removed at the end."""

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Right": "\ue014", "Left": "\ue012",
        "Down": "\ue015", "Up": "\ue013", "Home": "\ue011", "End": "\ue010", "Space": " "}


def missing():
    """The Debian packages that are not here, as one text; empty when all are."""
    programs = {"chromium": "chromium", "chromedriver": "chromium-driver"}
    return " ".join(package for program, package in programs.items() if not shutil.which(program))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Browser:
    def __init__(self, width=1200, height=900):
        self.folder = tempfile.mkdtemp(prefix="storescope-browser-")
        self.port = free_port()
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), f"--port={self.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = None
        options = {
            "binary": shutil.which("chromium"),
            "args": FLAGS + [f"--user-data-dir={self.folder}", f"--window-size={width},{height}"],
            "perfLoggingPrefs": {"enableNetwork": True},
        }
        wanted = {"goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}}, patient=True)
        self.session = answer["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.call("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, path, body=None, patient=False):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method,
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + 30
        while True:
            try:
                with opener.open(request, timeout=60) as answer:
                    return json.load(answer)["value"]
            except urllib.error.HTTPError as error:
                raise RuntimeError(f"{method} {path}: {error.read().decode()[:600]}") from None
            except (urllib.error.URLError, ConnectionError):
                # The driver takes a moment until it listens.
                if not patient or time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def command(self, path, body=None):
        return self.call("POST", f"/session/{self.session}{path}", body or {})

    def devtools(self, name, **parameters):
        return self.command("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def open(self, url):
        self.command("/url", {"url": url})

    def run(self, script, *arguments):
        """Runs the body of a function in the page, and gives what it returns."""
        return self.command("/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        return self.command("/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.command(f"/element/{self.find(selector)}/click")

    def keys(self, *names):
        """Presses keys, wherever the focus is."""
        actions = []
        for name in names:
            key = KEYS.get(name, name)
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.command("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def wait(self, script, *arguments):
        until = time.monotonic() + 15
        while time.monotonic() < until:
            value = self.run(script, *arguments)
            if value:
                return value
            time.sleep(0.05)
        raise RuntimeError(f"in vain: {script}")

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=width < 700)

    def scheme(self, name):
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": name}])

    def scripts(self, on):
        self.devtools("Emulation.setScriptExecutionDisabled", value=not on)

    def evaluate(self, expression):
        """Like run, but by the debugger: also where the page may not run scripts."""
        answer = self.devtools("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def shot(self):
        return base64.b64decode(self.devtools("Page.captureScreenshot", format="png")["data"])

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(self.shot())

    def log(self, kind):
        return self.command("/se/log", {"type": kind})

    def requests(self):
        """Addresses that the page asked for since the last time."""
        found = []
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found
