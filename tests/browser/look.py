"""Looks at pages in a headless Chromium, through its own protocol over a pipe: nothing to install but the browser.

    look.py CHROMIUM FOLDER AXE PAGE...

Each page is looked at on a phone, on a desk by day and in the dark, and on paper. What is wrong is printed, one
complaint a line, and ends this with 1: a message on the console, a request, something wider than the window, a part
without a name, a text that is hard to read, and each violation that axe-core finds. AXE is its script; if it is empty,
only the rest is done. FOLDER gets a picture of each look, and of each page as a PDF.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --hide-scrollbars --force-color-profile=srgb --remote-debugging-pipe""".split()

LOOKS = {
    "phone": dict(width=390, height=844, scheme="light", media="screen"),
    "light": dict(width=1200, height=900, scheme="light", media="screen"),
    "dark": dict(width=1200, height=900, scheme="dark", media="screen"),
    "paper": dict(width=720, height=1000, scheme="light", media="print"),
}

# Everything that can only be told from inside the page, as a list of complaints.
INSIDE = r"""(() => {
  const said = [];
  const root = document.documentElement;
  if (root.lang !== 'en') said.push('the page names no language');
  if (!document.title.trim()) said.push('the page has no title');
  if (root.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > innerWidth + 1);
    said.push(`wider than the window: ${root.scrollWidth} > ${innerWidth}, ${wide.map(it => it.tagName).slice(0, 5)}`);
  }
  const parts = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = it => {
    for (; it; it = it.parentElement) {
      const colour = parts(getComputedStyle(it).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (texts.nextNode()) {
    const it = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || seen.has(it) || it.closest('title')) continue;
    seen.add(it);
    const style = getComputedStyle(it);
    const [one, other] = [light(parts(style.color)), light(behind(it))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) said.push(`hard to read, ${contrast.toFixed(1)} to 1: ${it.textContent.slice(0, 40)}`);
  }
  if (matchMedia('print').matches) {
    const hidden = [...document.querySelectorAll('details > :not(summary)')].filter(it => it.offsetHeight === 0 || !it.checkVisibility({contentVisibilityAuto: true}));
    if (hidden.length) said.push(`not on paper: ${hidden.length} parts`);
  }
  return said;
})()"""


# The violations of every rule that axe-core has, those of good practice included.
VIOLATIONS = """axe.run(document, {resultTypes: ['violations']}).then(found =>
  found.violations.map(it => `axe: ${it.id}: ${it.help}: ${it.nodes.map(node => node.target).slice(0, 3)}`))"""


class Browser:
    """A browser, and the messages that it sent."""

    def __init__(self, program, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        # The protocol is on the descriptors 3 and 4, whatever numbers the pipes have.
        relay = f'exec 3<&{to_read} 4>&{to_write}; exec "$0" "$@"'
        command = ["bash", "-c", relay, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, pass_fds=(to_read, to_write), stdin=quiet, stdout=quiet, stderr=quiet)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.events = b"", 0, []

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.read_end, 1 << 16)
            if not more:
                raise SystemExit("the browser ended early")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        self.number += 1
        asked = dict(id=self.number, method=method, params=parameters)
        if session:
            asked["sessionId"] = session
        os.write(self.write_end, json.dumps(asked).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())


def look(browser, page, name, folder, axe):
    """One page, one look: the complaints."""
    how = LOOKS[name]
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(method, **parameters):
        return browser.ask(method, session, **parameters)

    for domain in ["Page", "Log", "Runtime", "Network", "Accessibility"]:
        ask(f"{domain}.enable")
    ask("Emulation.setDeviceMetricsOverride", width=how["width"], height=how["height"], deviceScaleFactor=1, mobile=name == "phone")
    scheme = [dict(name="prefers-color-scheme", value=how["scheme"])]
    ask("Emulation.setEmulatedMedia", media=how["media"], features=scheme)
    browser.events.clear()
    ask("Page.navigate", url=page.resolve().as_uri())
    browser.wait_for("Page.loadEventFired")
    said = ask("Runtime.evaluate", expression=INSIDE, returnByValue=True)["result"]["value"]
    if axe:
        ask("Runtime.evaluate", expression=axe)
        found = ask("Runtime.evaluate", expression=VIOLATIONS, awaitPromise=True, returnByValue=True)
        said += found["result"].get("value", [f"axe: it did not run: {found}"])
    said += names(ask("Accessibility.getFullAXTree")["nodes"])
    picture = ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
    (folder / f"{page.stem}-{name}.png").write_bytes(base64.b64decode(picture))
    if name == "paper":
        paper = ask("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)["data"]
        (folder / f"{page.stem}.pdf").write_bytes(base64.b64decode(paper))
    for event in browser.events:
        said += heard(event, page)
    browser.ask("Target.closeTarget", targetId=target)
    return said


def heard(event, page):
    """What a message of the browser says against the page."""
    method, of = event.get("method"), event.get("params", {})
    if method == "Log.entryAdded":
        return [f"on the console: {of['entry']['text']}"]
    if method == "Runtime.consoleAPICalled":
        return [f"on the console: {of['args']}"]
    if method == "Runtime.exceptionThrown":
        return [f"on the console: {of['exceptionDetails']['text']}"]
    if method == "Network.requestWillBeSent" and of["request"]["url"] != page.resolve().as_uri():
        return [f"a request: {of['request']['url']}"]
    return []


def names(nodes):
    """What somebody who hears the page would miss."""
    said = []
    shown = [node for node in nodes if not node.get("ignored")]
    role = lambda node: node.get("role", {}).get("value", "")
    name = lambda node: node.get("name", {}).get("value", "").strip()
    for landmark in ["banner", "main", "contentinfo"]:
        count = sum(role(node) == landmark for node in shown)
        if count != 1:
            said.append(f"{count} times the landmark {landmark}")
    first = [node for node in shown if role(node) == "heading" and {"name": "level", "value": {"type": "integer", "value": 1}} in node.get("properties", [])]
    if len(first) != 1:
        said.append(f"{len(first)} headings of the first level")
    for node in shown:
        if role(node) in ["image", "img", "region", "table", "heading", "DisclosureTriangle", "RootWebArea", "link", "button"] and not name(node):
            said.append(f"a part without a name: {role(node)}")
    return said


def main():
    program, folder, axe, *pages = sys.argv[1:]
    axe = pathlib.Path(axe).read_text() if axe else None
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    complaints = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        for page in map(pathlib.Path, pages):
            for name in LOOKS:
                complaints += [f"{page.name}, {name}: {said}" for said in look(browser, page, name, folder, axe)]
        browser.ask("Browser.close")
        browser.process.wait(timeout=30)
    print("\n".join(complaints), end="\n" if complaints else "")
    raise SystemExit(1 if complaints else 0)


main()
