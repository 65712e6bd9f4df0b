"""Copies of the site and browsers in which something is missing, and what the page says of it."""

NO_INDEXED_DB = "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };"
NO_LOCAL_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied'); } });"


def without(source, folder, absent):
    """Make a folder that shows all files of another but one, given by its path, and return it."""
    folder.mkdir()
    first, _, rest = absent.partition("/")
    for path in source.iterdir():
        if path.name != first:
            (folder / path.name).symlink_to(path.resolve())
    if rest:
        without(source / first, folder / first, rest)
    return folder


def told(page, address):
    """Open an address and return the one sentence about what stands in the way."""
    page.go(address)
    return page.until("document.querySelector('#troubles p')?.textContent")
