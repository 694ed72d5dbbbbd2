"""The owner of the house at the page: the password, and being let in by it."""
from browser import URL

PASSWORD = "correct horse"
LIVE = "document.querySelector('.freshness').dataset.state === 'live'"


def set_password(house):
    """As root does it."""
    house.gw.run(house.binary, "passwd", "--name", house.instance,
                 input=PASSWORD + "\n")


def go(browser, view):
    browser.do("await page.goto(args.url)", url=f"{URL}#/{view}")


def log_in(browser):
    """On whatever page it is; sets the password where there is none."""
    browser.do("await page.goto(args.url);"
               "await page.waitForSelector('.gate input, .tiles')", url=URL)
    if browser.look("""fetch("/api/v1/session").then((r) => r.json())
            .then((session) => session.password_set ? null :
              fetch("/api/v1/password", { method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ password: args.password }) })
              .then((r) => r.ok))""", password=PASSWORD):
        browser.do("await page.reload();"
                   "await page.waitForSelector('.gate input, .tiles')")
    if browser.look("!!document.querySelector('.gate')"):
        browser.do("await page.fill('.gate input', args.password);"
                   "await page.keyboard.press('Enter')", password=PASSWORD)
    assert browser.eventually("!!document.querySelector('.tiles')")
    assert browser.eventually(LIVE)
    browser.complaints()
