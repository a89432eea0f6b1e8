import { spawnSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, type TestContext } from "vitest"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { readCommands } from "../security/runHere.ts"
import { run } from "./runCli.ts"

// Each program reads a script of completions and prints what the shell offers for each of the lines, as a user who
// presses Tab at the end sees it: the words for a line on one line

const bash = `
source "$1"
[[ $(complete -p polar-seats) =~ -F\\ ([^ ]+)\\ polar-seats$ ]] || exit 1
for COMP_LINE in "\${@:3}"; do
  read -ra COMP_WORDS <<< "$COMP_LINE"
  [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
  COMP_POINT=\${#COMP_LINE} COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  "\${BASH_REMATCH[1]}" polar-seats "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
  echo "\${COMPREPLY[*]}" >> "$2"
done`

// A terminal whose key ^T completes the line, and prints its last word
const zsh = `
zmodload zsh/zpty
zpty terminal zsh -f -i
send() { zpty -w terminal "$1" }
send 'PS1= PS2= RPS1=; autoload -Uz compinit && compinit -D -u'
send "source \${(q)1}; exec 3>\${(q)2}"
send 'finish() { zle menu-complete; print -r -- "\${\${(z)BUFFER}[-1]}" >&3; BUFFER=; zle accept-line }'
send 'zle -N finish; bindkey "^T" finish'
for line in "\${@:3}"; do zpty -w -n terminal "$line"$'\\C-t'; done
send exit
while zpty -r terminal _; do :; done`

const fish = `
source $argv[1]
for line in $argv[3..-1]
  echo (string join " " -- (complete -C $line | string replace -r "\\t.*" "")) >> $argv[2]
end`

const shells: Readonly<Record<string, ReadonlyArray<string>>> = {
  bash: ["--norc", "--noprofile", "-c", bash, "bash"],
  zsh: ["-f", "-c", zsh, "zsh"],
  fish: ["--no-config", "-c", fish]
}

const missing = Object.keys(shells).filter((shell) => spawnSync(shell, ["--version"]).status !== 0)
// A test that is skipped has to say so
for (const shell of missing) console.warn(`The completions for ${shell} are skipped: it is not installed.`)

/** The words that a shell offers for each line. */
const complete = async (
  { onTestFinished }: TestContext,
  shell: string,
  lines: ReadonlyArray<string>
): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const folder = makeTemporaryFolder("completions")
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [script, offered] = [join(folder, "script"), join(folder, "offered")]
  const printed = await run(["--completions", shell])
  assert.deepEqual([printed.code, printed.stderr], [0, ""])
  writeFileSync(script, printed.stdout)
  writeFileSync(offered, "")
  const { status, stderr } = spawnSync(shell, [...(shells[shell] ?? []), script, offered, ...lines], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: folder, TERM: "xterm" },
    timeout: 15_000
  })
  assert.deepEqual([status, stderr], [0, ""])
  return readFileSync(offered, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((words) => words.split(" "))
}

const commands = await readCommands()
const names = commands.map(({ name }) => name)

/** Whether every command has a flag, as `--help`. */
const isGlobal = (flag: string) => commands.every(({ flags }) => flags.some(({ name }) => name === flag))

/** Lines with one word that fits, and this word. */
const single: ReadonlyArray<readonly [line: string, word: string]> = [
  ...names
    .filter((name) => names.every((other) => other === name || !other.startsWith(name.slice(0, -1))))
    .map((name) => [`polar-seats ${name.slice(0, -1)}`, name] as const),
  ...commands.flatMap(({ flags, name }) =>
    flags.some((flag) => flag.name === "subscription")
      ? [[`polar-seats ${name} --subsc`, "--subscription"] as const]
      : []
  ),
  ["polar-seats --verb", "--verbose"],
  ["polar-seats session --external-c", "--external-customer"],
  ["polar-seats remind --on-expired rei", "reissue"],
  // Effect's script for zsh offers no flag of a command after one that all commands take
  ["polar-seats list --order 1 --jso", "--json"]
]

describe.each(Object.keys(shells).filter((shell) => !missing.includes(shell)))("the completions for %s", (shell) => {
  it("complete the commands, flags and choices of polar-seats", async (test) => {
    const offered = await complete(
      test,
      shell,
      single.map(([line]) => line)
    )
    assert.deepEqual(
      offered,
      single.map(([, word]) => [word])
    )
  })

  // Zsh shows its choices only on a screen
  if (shell === "zsh") return
  it("offer every command, and every flag of a command", async (test) => {
    const [first = [], ...flags] = await complete(test, shell, [
      "polar-seats ",
      ...names.map((name) => `polar-seats ${name} --`)
    ])
    assert.sameMembers(
      first.filter((word) => !word.startsWith("-")),
      names
    )
    for (const [index, { flags: expected, name }] of commands.entries()) {
      assert.includeMembers(
        [...(flags[index] ?? [])],
        expected.flatMap((flag) => (isGlobal(flag.name) ? [] : [`--${flag.name}`])),
        name
      )
    }
  })
})
