"""A browser in a LAN host, told in JavaScript what to do (tests/web)."""
import json
import subprocess

from house import LAN, TOP
from world import Failed, eventually

WEB = TOP / "tests/web"
URL = f"http://{LAN}/"     # of the page
START_S, ANSWER_S = 30, 60


def read_as(module):
    """What the live feed says is read by 'module' instead, which has readTruly()
    to read it with; from the next load of the page on."""
    return ("""
        await page.route("**/core/msgpack.js", async (route) => {
          const reply = await route.fetch();
          const truly = (await reply.text())
            .replace("export function decode(", "function readTruly(");
          await route.fulfill({ response: reply, body: truly + %s });
        });
        """ % json.dumps(module))


class Browser:
    def __init__(self, host, url):
        self.url = url
        self.process = host.spawn("node", WEB / "browser.mjs",
                                  stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.PIPE)
        self.version = self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed("browser: gone; are the packages of tests/web there? "
                         "scripts/deps --test installs them")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed("browser: " + answer["error"])
        return answer["value"]

    def do(self, code, **args):
        """Runs the body of an async function; what it returned. It sees page,
        context and browser (of Playwright), args, complaints, axe."""
        self.process.stdin.write(json.dumps({"code": code, "args": args})
                                 + "\n")
        self.process.stdin.flush()
        return self._answer()

    def look(self, expression, **args):
        """What an expression is within the page."""
        return self.do(f"return page.evaluate((args) => ({expression}), args)",
                       **args)

    def eventually(self, expression, timeout=30, **args):
        return eventually(lambda: self.look(expression, **args), timeout, 0.1)

    def open(self, width=1280, height=900, scheme="light"):
        self.do("await page.setViewportSize(args.size);"
                "await page.emulateMedia({colorScheme: args.scheme});"
                "await page.goto(args.url);"
                "await page.waitForSelector('.tiles')",
                size={"width": width, "height": height}, scheme=scheme,
                url=self.url)

    def complaints(self):
        """What the page complained about since it was asked last."""
        return self.do("return complaints.splice(0)")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)
