import { CliOutput } from "effect/cli"
import { assert, beforeAll, describe, it } from "vitest"
import { formatHelp } from "../../packages/app/src/output/helpText.ts"
import { findNearest } from "../../packages/app/src/output/nearestWord.ts"
import { wrapText } from "../../packages/app/src/output/wrapText.ts"
import { helpOf, readCommands, runHere } from "../security/runHere.ts"
import { run } from "./runCli.ts"

let commands: Awaited<ReturnType<typeof readCommands>>
beforeAll(async () => void (commands = await readCommands()))

const sections = (help: string) => help.split("\n\n").map((section) => section.split("\n")[0] ?? "")

describe("the help of every command", () => {
  it("has an example, its environment and its exit codes", async () => {
    for (const path of [[], ...commands.map(({ name }) => [name])]) {
      const help = formatHelp(await helpOf(path), 80)
      for (const section of ["DESCRIPTION", "USAGE", "EXAMPLES", "ENVIRONMENT", "EXIT CODES"]) {
        assert.include(sections(help), section, path.join(" "))
      }
      assert.match(help, /^  2 +The command was used wrongly/m)
      assert.match(help, /^  [A-Z_]{2,}/m)
    }
  })

  it("breaks lines at words, and no line is wider than the terminal", async () => {
    for (const path of [[], ...commands.map(({ name }) => [name])]) {
      const doc = await helpOf(path)
      const words = new Set(formatHelp(doc, 10_000).split(/\s+/))
      for (let columns = 45; columns <= 130; columns += 5) {
        const help = formatHelp(doc, columns)
        for (const line of help.split("\n")) {
          // Nothing breaks the one word of a line, such as an id
          const isOneWord = !/\S +\S/.test(line.replace(/ \\\\$/, ""))
          if (!isOneWord) assert.isAtMost(CliOutput.displayWidth(line), columns, line)
        }
        const others = help.split(/\s+/).filter((word) => word !== "\\" && word !== "#" && !words.has(word))
        assert.deepEqual(others, [])
      }
    }
  })

  it("has only examples that the command line understands", async () => {
    for (const { name } of commands) {
      for (const { command } of (await helpOf([name])).examples ?? []) {
        const [, words = ""] =
          /polar-seats ((?!.*polar-seats).*)$/.exec(command.replace(/ < \S+$/, "")) ?? assert.fail(command)
        // With --help after it, a command does nothing, and a flag that does not exist ends it with 2 all the same
        assert.strictEqual((await runHere([...words.split(" "), "--help"], {})).code, 0, command)
      }
    }
  })

  it("is printed for 80 columns if stdout is no terminal, without colour", async () => {
    const doc = await helpOf(["remind"])
    // The command writes no logs, so it has no flag for their level
    const globalFlags = (doc.globalFlags ?? []).filter(({ name }) => name !== "log-level")
    const stdout = `${formatHelp({ ...doc, globalFlags }, 80)}\n`
    assert.deepEqual(await run(["remind", "--help"]), { code: 0, stderr: "", stdout })
  })
})

describe("wrapText", () => {
  it("breaks at spaces, by the width of the characters, and never inside a word", () => {
    assert.deepEqual(wrapText("one two three", 7), ["one two", "three"])
    assert.deepEqual(wrapText("田中 太郎 x", 6), ["田中", "太郎 x"])
    assert.deepEqual(wrapText("incomprehensible it is", 5), ["incomprehensible", "it is"])
    assert.deepEqual(wrapText("", 5), [""])
  })
})

describe("findNearest", () => {
  it("finds every command and every flag with a letter too few, too many, wrong or swapped", () => {
    const names = commands.map(({ name }) => name)
    const typosOf = (name: string, at: number) => [
      name.slice(0, at) + name.slice(at + 1),
      `${name.slice(0, at)}x${name.slice(at)}`,
      `${name.slice(0, at)}x${name.slice(at + 1)}`,
      name.slice(0, at) + (name[at + 1] ?? "") + (name[at] ?? "") + name.slice(at + 2)
    ]
    for (const known of [names, ...commands.map(({ flags }) => flags.map(({ name }) => name))]) {
      for (const name of known.filter(({ length }) => length > 3)) {
        for (let at = 1; at < name.length; at++) {
          for (const typo of typosOf(name, at)) {
            const found = findNearest(typo, known)
            // Another one may be as near, such as resend for rexind
            assert.isTrue(found === name || (found !== undefined && known.includes(found)), `${typo}: ${found}`)
          }
        }
      }
    }
    assert.strictEqual(findNearest("lsit", names), "list")
    assert.strictEqual(findNearest("remnid", names), "remind")
    assert.strictEqual(findNearest("sess", names), "session")
  })

  it("finds nothing for a word that is near none", () => {
    for (const word of ["xyzzy", "", "x", "-", "l".repeat(1000), "🎉"]) {
      assert.isUndefined(
        findNearest(
          word,
          commands.map(({ name }) => name)
        ),
        word
      )
    }
  })
})
