"""Drive JupyterLite's notebook in a test."""

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


def opened(page, address):
    """Open a notebook and wait for its kernel."""
    page.go(address)
    page.until(OPEN, 120)


def run(page, code):
    """Run code in the kernel of the open notebook, and return what it printed, or the error that it raised."""
    return page.evaluate(RUN % code)
