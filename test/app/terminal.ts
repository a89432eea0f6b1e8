import { spawnSync } from "node:child_process"
import { launch, whenEnded, whenPrinted } from "../../scripts/launch.ts"
import { main } from "./runCli.ts"

// Runs a command on a terminal of its own. It types there what it reads on stdin, and writes on stdout what the terminal shows
const driver = `
import fcntl, os, pty, select, signal, struct, sys, termios, time
stderr = os.dup(2)
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    if 'STDERR_APART' in os.environ: os.dup2(stderr, 2)
    os.execvp(sys.argv[2], sys.argv[2:])
sources = [terminal, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 4096)
        if typed == b'SIGTERM': os.kill(pid, signal.SIGTERM)
        elif typed == b'hang up': break
        elif typed: os.write(terminal, typed)
        else: sources.remove(0)
    if terminal in ready:
        try: shown = os.read(terminal, 1024 if 'SLOWLY' in os.environ else 65536)
        except OSError: break
        if not shown: break
        os.write(1, shown)
        if 'SLOWLY' in os.environ: time.sleep(0.05)
os.close(terminal)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`

/** Whether this machine can make a terminal. */
export const hasTerminals = spawnSync("python3", ["-c", "import fcntl, pty, termios"]).status === 0

export const ctrlC = "\u0003"

/** The lines that a terminal shows at the end, with their styles. A line that was drawn over is not there. */
const render = (shown: string): ReadonlyArray<string> =>
  shown
    .replace(/\r+\n/g, "\n")
    .split("\n")
    .map((line) => line.split("\r\u001b[2K").at(-1) ?? "")

interface Terminal {
  readonly columns: number
  /** `STDERR_APART` keeps stderr off the terminal, and `SLOWLY` makes it take 20 KB a second. */
  readonly env: Readonly<Record<string, string>>
  /** The keys to type as soon as the text is there. `SIGTERM` and `hang up` do what they say. */
  readonly type?: readonly [keys: string, when: (shown: string) => boolean]
}

/** Runs the command line on a terminal, and returns what it shows. */
export const runOnTerminal = async (args: ReadonlyArray<string>, { columns, env, type }: Terminal) => {
  const launched = launch("python3", ["-c", driver, String(columns), process.execPath, main, ...args], {
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", ...env }
  })
  if (type !== undefined) {
    const [keys, when] = type
    await whenPrinted(launched, ({ stdout }) => (when(stdout) ? true : undefined))
    launched.child.stdin?.write(keys)
  }
  const { code, stderr, stdout } = await whenEnded(launched)
  return { code, stderr, shown: stdout, lines: render(stdout) }
}
