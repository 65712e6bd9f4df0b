"""Drive JupyterLite's notebook in a test."""

import time

from tests.book.browser import BrowserError

OPEN = "!!window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
RUN = """(async () => {
  let said = "";
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code: %r});
  future.onIOPub = (message) => {
    const {text, ename, evalue} = message.content;
    said += text ?? (ename ? `${ename}: ${evalue}` : "");
  };
  await future.done;
  return said;
})()"""


def until(page, expression, seconds=120):
    """Return the value of an expression as soon as it is true."""
    end, value = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if value := page.evaluate(expression):
                return value
        except BrowserError as error:  # the page is on its way to another
            value = error
        time.sleep(0.1)
    raise AssertionError(f"{expression} did not come true in {seconds} s: {value}")


def opened(page, address):
    """Open a notebook and wait for its kernel."""
    page.go(address)
    until(page, OPEN)


def run(page, code):
    """Run code in the kernel of the open notebook, and return what it printed, or the error that it raised."""
    return page.evaluate(RUN % code)
