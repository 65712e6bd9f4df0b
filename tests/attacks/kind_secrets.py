"""Attacks on secrets: the work of others, the answers, the machine."""

from tests.attacks.attacking import Kind, cells

ATTACKS = Kind("secrets")
add = ATTACKS.add

READ = """
def look(path):
    data = open(path, 'rb').read(5_000_000)
    text = data.decode('latin-1')
    return text[:200] + ' '.join(word for word in text.split() if word.startswith(('peer', 'solution', 'file')))
print(look(PATH))
print('got', 'in')
"""
FILES = {
    "another student's notebook": "⟨peer⟩",
    "the gradebook": "⟨gradebook⟩",
    "the true solutions": "⟨source⟩",
    "a file of whoever grades": "⟨file⟩",
    "the checks": "⟨checks⟩",
    "the users of the machine": "/etc/passwd",
    "the grader's memory": "/proc/⟨grader⟩/mem",
    "the grader's command": "/proc/⟨grader⟩/cmdline",
    "the version of the kernel": "/proc/version",
    "its own mounts": "/proc/self/mountinfo",
}
for name, path in FILES.items():
    add(f"read {name}", f"to read {name}", cells(READ.replace("PATH", repr(path))))

ESCAPES = {
    "up the folders": "open('../' * 30 + '⟨file⟩'.lstrip('/')).read()",
    "a symbolic link": "__import__('os').symlink('⟨file⟩', 'link'); open('link').read()",
    "a hard link": "__import__('os').link('⟨file⟩', 'link'); open('link').read()",
    "a handle by name": "__import__('os').open('⟨file⟩', 0, dir_fd=100); 1",
    "the descriptors of the grader": "[__import__('os').read(n, 99) for n in range(3, 100)]",
    "a module of the checks": "__import__('autograder.sets.ps3')",
    "nbgrader": "__import__('nbgrader.api')",
    "a mount": "assert __import__('ctypes').CDLL(None).mount(b'/', b'/scratch', b'', 4096, None) == 0",
    "another root": "__import__('os').chroot('/scratch')",
}
for name, source in ESCAPES.items():
    add(f"reach out by {name}", "to see what lies outside of the sandbox",
        cells(f"import os\n{source}\nprint('got', 'in')"))  # fmt: skip

add("the environment", "a token that stands in the grader's environment",
    cells("import os\nprint(dict(os.environ))"))  # fmt: skip
add("the name of the machine", "to know on which machine it is graded", cells("""
import os, socket
if os.uname().nodename != 'sandbox' or socket.gethostname() != 'sandbox':
    print('got', 'in')
"""))  # fmt: skip
add("the user that grades", "to know who grades", cells("""
import os
if 0 in os.getresuid() + os.getresgid() or os.path.exists('/root') or os.path.exists('/home'):
    print('got', 'in')
"""))  # fmt: skip
add("the seed", "to know which problems will come", cells("""
import gc, sys
from autograder.engine.calling import Caller
_answer = Caller.answer
def answer(self, request):
    if 'seed' in str(request)[:10_000].lower():
        raise ValueError('got' + ' in')
    return _answer(self, request)
Caller.answer = answer
"""))  # fmt: skip
add("the right answers", "to find right answers in what a check sends", cells("""
from autograder.engine.calling import Caller
_answer = Caller.answer
def answer(self, request):
    if {'right', 'expected', 'answer', 'points'} & set(map(str, request)):
        raise ValueError('got' + ' in')
    return _answer(self, request)
Caller.answer = answer
"""))  # fmt: skip
add("the workers of others", "to see another student's process", cells("""
import os
for number in range(3, 70_000):
    try:
        os.kill(number, 0)
        print('got', 'in')
    except ProcessLookupError:
        pass
    except PermissionError:
        print('got', 'in')
"""))  # fmt: skip
add("what others left", "to find files that another student's worker wrote", cells("""
import os
found = [name for top in ('/scratch', '/tmp', '/var/tmp', '/dev/shm') if os.path.isdir(top) for name in os.listdir(top)]
if found:
    print('got', 'in', found)
open('/scratch/mine', 'w').write('x')
"""))  # fmt: skip
RESTART = """
import os
again = os.path.exists('/scratch/first')
open('/scratch/first', 'w').write('x')
"""
add("what it left before a restart", "state that crosses from one worker to the next",
    cells(RESTART, "os._exit(0)", "if again: print('got', 'in')"))  # fmt: skip
