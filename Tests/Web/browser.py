"""One person at a browser: what she does on the page, and what she sees there."""
import contextlib

from axe_selenium_python import Axe
from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from cluster import eventually


class Browser:
    """A window of its own, with a profile that nobody else has."""

    def __init__(self, page, language="en", width=1100, height=800):
        options = webdriver.ChromeOptions()
        # The sandbox wants privileges that a container of a test has not; the pages are ours.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--lang={language}",
                         f"--accept-lang={language}", f"--window-size={width},{height}", "--force-device-scale-factor=1"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.page = page
        # A window of Chrome has a least width, a phone has not.
        self.resize(width, height)
        # Every attempt to break the policy is kept, also if nobody looks at the console.
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {
            "source": "window.violations = []; document.addEventListener('securitypolicyviolation', "
                      "event => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));"})
        self.driver.get(page)

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})

    def prefer(self, scheme):
        """light or dark"""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector):
        """Clicks on something, again if it was drawn anew or moved meanwhile, as it is when somebody comes or writes."""
        def is_clicked():
            with contextlib.suppress(StaleElementReferenceException, ElementClickInterceptedException):
                self.find(selector).click()
                return True
            return False
        eventually(is_clicked)

    def focused(self, attribute):
        """An attribute of what has the focus."""
        return self.driver.execute_script("return document.activeElement.getAttribute(arguments[0])", attribute)

    def text(self, selector):
        """What is shown there; empty while there is no such element."""
        with contextlib.suppress(NoSuchElementException, StaleElementReferenceException):
            return self.find(selector).text
        return ""

    def press(self, selector):
        """The mouse's button, until `release`."""
        ActionChains(self.driver).click_and_hold(self.find(selector)).perform()

    def release(self):
        ActionChains(self.driver).release().perform()

    def sign_in(self, user, password):
        eventually(lambda: self.find("#sign-in").is_displayed(), why="no form to sign in")
        for selector, text in (("#user", user), ("#password", password)):
            self.find(selector).clear()
            self.find(selector).send_keys(text)
        self.find("#password").send_keys(Keys.ENTER)

    def is_online(self):
        return self.driver.execute_script("return document.getElementById('status').textContent") in (
            "connected", "connected again", "terhubung", "terhubung kembali")

    def await_online(self, seconds=30):
        eventually(self.is_online, seconds, "not connected")

    def open(self, name):
        self.find("#find-name").send_keys(name + Keys.ENTER)
        eventually(lambda: self.find("#text").is_displayed(), why="no conversation")

    def write(self, text):
        """Types a message and sends it."""
        self.find("#text").send_keys(text + Keys.ENTER)

    def messages(self, kind=""):
        """The texts of the conversation that is open, in their order; `kind`: `.mine`, `.mine.stored`, `:not(.mine)`."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#messages .message' + arguments[0] + ' .body')].map(body => body.textContent)", kind)

    def await_message(self, text, kind="", seconds=20):
        eventually(lambda: text in self.messages(kind), seconds, f"no message {text!r}")

    def problems(self):
        """What the console has of errors, and what the policy of the page has forbidden. A connection that is refused or cut while
        nodes are killed is reported by the browser itself."""
        lines = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [line for line in lines if "WebSocket connection to" not in line] + self.driver.execute_script(
            "return window.violations")

    def axe(self):
        """What the accessibility rules of axe-core find. The driver puts it into the page, whose policy lets no other script in."""
        Axe(self.driver).inject()
        found = self.driver.execute_async_script("axe.run(document, {}).then(arguments[0], arguments[0])")
        return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found["violations"]]

    def overflow(self):
        """By how many pixels the page is wider than its window, or a part that scrolls wider than its place."""
        return self.driver.execute_script("""
            const parts = [document.documentElement, ...document.querySelectorAll("#messages, #people, .body")];
            return Math.max(...parts.map(part => part.scrollWidth - part.clientWidth));""")

    def watch(self, selector):
        """From now on every text of an element is kept."""
        self.driver.execute_script("""
            const watched = document.querySelector(arguments[0]);
            const seen = (window.seen ??= {})[arguments[0]] = [watched.textContent];
            new MutationObserver(() => seen.push(watched.textContent)).observe(
              watched, { childList: true, characterData: true, subtree: true });""", selector)

    def seen(self, selector):
        """The texts since `watch`."""
        return self.driver.execute_script("return window.seen[arguments[0]]", selector)

    def screenshot(self, path):
        self.driver.save_screenshot(path)

    def close(self):
        self.driver.quit()
