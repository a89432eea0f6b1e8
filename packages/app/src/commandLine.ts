import type * as CliError from "effect/cli/CliError"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import type * as HelpDoc from "effect/cli/HelpDoc"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stdio from "effect/Stdio"
import { cli } from "./commands/index.ts"
import { Ended, endCommand, exitCode } from "./exit.ts"
import { formatHelp } from "./output/helpText.ts"
import { findNearest } from "./output/nearestWord.ts"
import { printErr } from "./output/print.ts"
import { findLongWords, findSecret, GivenWords, isLikeInvitation, likelyInvitation } from "./output/secrets.ts"
import { canColorStdout, stdoutColumns, styles } from "./output/terminal.ts"

const suggest = (name: string | undefined, how = ""): string =>
  name === undefined ? "" : ` Did you mean ${how}${name}?`

const flagNames = ({ flags, globalFlags = [], inheritedFlags = [] }: HelpDoc.HelpDoc): ReadonlyArray<string> =>
  [...flags, ...inheritedFlags, ...globalFlags].map(({ name }) => name)

const commandNames = ({ subcommands = [] }: HelpDoc.HelpDoc): ReadonlyArray<string> =>
  subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))

const formatUnknownFlag = (flag: string, help: HelpDoc.HelpDoc, path: string): string =>
  `${path} has no flag ${flag}.${suggest(findNearest(flag.replace(/^--?/, ""), flagNames(help)), "--")}`

/** Says what is wrong, and which command or flag is the nearest to the one that does not exist. */
const formatCliError = (error: CliError.CliError, help: HelpDoc.HelpDoc, path: string): string => {
  switch (error._tag) {
    // An extra argument may be a secret of any shape that was meant for the environment, so it is not printed
    case "UnexpectedArgument":
      return "The command got an argument that it does not take."
    case "UnrecognizedOption":
      return formatUnknownFlag(error.option, help, path)
    case "UnknownSubcommand":
      return `${path} has no command ${error.subcommand}.${suggest(findNearest(error.subcommand, commandNames(help)))}`
    default:
      return error.message
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "")
        .join(" ")
  }
}

const isVisible =
  "Other users of this machine can see the arguments of a command, and a shell keeps them in its history:"

const adviseOnInvitations = Effect.map(GivenWords, (given) =>
  given.size === 0
    ? []
    : [
        `An argument looks like the token of an invitation, and is shown as …. ${isVisible} if it is one, reissue its seat, ` +
          "and pass the new one in POLAR_INVITATION_TOKEN."
      ]
)

// Help goes to a terminal, or to a file for people
const usualColumns = 80

const printHelp = Effect.fnUntraced(function* (doc: HelpDoc.HelpDoc) {
  const columns = yield* stdoutColumns
  const width = Number.isFinite(columns) ? columns : usualColumns
  yield* Console.log(formatHelp(doc, width, (yield* canColorStdout) ? styles.bold : undefined))
})

/**
 * The words with one dash that are near to a flag. The parser makes a flag of each of their letters. Other words are not
 * printed, because they may hold a secret.
 */
const findSingleDashed = (
  args: ReadonlyArray<string>,
  errors: ReadonlyArray<CliError.CliError>,
  help: HelpDoc.HelpDoc
) => {
  const isNear = (word: string) => findNearest(word.slice(1), flagNames(help)) !== undefined
  const words = args.flatMap((arg) => /^-[a-z][\w-]+/i.exec(arg) ?? []).filter(isNear)
  const isLetterOf = (error: CliError.CliError, word: string) =>
    error._tag === "UnrecognizedOption" && error.option.length === 2 && word.includes(error.option.slice(1), 1)
  return {
    words: words.filter((word) => errors.some((error) => isLetterOf(error, word))),
    others: errors.filter((error) => !words.some((word) => isLetterOf(error, word)))
  }
}

// Wrong use prints no help, so that stdout stays clean for machines
const printWrongUse = Effect.fnUntraced(function* (
  errors: ReadonlyArray<CliError.CliError>,
  help: HelpDoc.HelpDoc,
  commandPath: ReadonlyArray<string>,
  args: ReadonlyArray<string>
) {
  const path = commandPath.join(" ")
  const { others, words } = findSingleDashed(args, errors, help)
  // The flags of a command that does not exist may be right
  const unknown = errors.filter(({ _tag }) => _tag === "UnknownSubcommand")
  yield* printErr([
    ...(unknown.length > 0 ? [] : words.map((word) => formatUnknownFlag(word, help, path))),
    ...(unknown.length > 0 ? unknown : others).map((error) => formatCliError(error, help, path)),
    ...(yield* adviseOnInvitations),
    `See ${path} --help.`
  ])
})

const presenter = Layer.effect(
  CliOutput.Presenter,
  Effect.map(Stdio.Stdio, (stdio) => ({
    present: (event) => {
      switch (event._tag) {
        case "Help":
          return Effect.provideService(printHelp(event.helpDoc), Stdio.Stdio, stdio)
        case "InvalidInvocation":
          return Effect.flatMap(stdio.args, (args) =>
            printWrongUse(event.errors, event.helpDoc, event.commandPath, args)
          )
        default:
          return CliOutput.defaultPresenter.present(event)
      }
    }
  }))
)

// The command writes no logs, so it has no flag for the log level
const config = CliConfig.layer({
  builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Wizard, GlobalFlag.Completions]
})

const isFlag = (word: string | undefined): word is string => word?.startsWith("-") === true

/** The place of an argument, in words that hold no part of it. */
const formatPlace = (args: ReadonlyArray<string>, index: number): string => {
  const [name = "", value] = (args[index] ?? "").split("=", 2)
  if (isFlag(name)) {
    return value === undefined || findSecret(name) !== undefined ? "as the name of a flag" : `as the value of ${name}`
  }
  const before = args[index - 1]
  if (isFlag(before) && !before.includes("=")) return `after ${before}`
  return index === 0 ? "in the place of a command" : "among the arguments"
}

/** Whether an argument may be the token of an invitation. The value of a flag may look the same, and is an id. */
const isInvitation = (args: ReadonlyArray<string>, word: string, before: string | undefined): boolean =>
  // The wizard prints the arguments by itself
  args.includes("--wizard")
    ? findLongWords([word]).size > 0
    : isLikeInvitation(word) && (isFlag(word) || !isFlag(before))

/** The secret on a command line that a caller passed by mistake. */
const findMisplaced = (args: ReadonlyArray<string>) => {
  for (const [index, word] of args.entries()) {
    const kind = findSecret(word) ?? (isInvitation(args, word, args[index - 1]) ? likelyInvitation : undefined)
    if (kind !== undefined) return { ...kind, place: formatPlace(args, index) }
  }
  return undefined
}

/**
 * Runs a command with its arguments. A secret among them ends it with 2 before it does anything. No output has a secret that
 * came in by the arguments, the environment or stdin.
 */
export const runCommandLine = Effect.fnUntraced(
  function* (args: ReadonlyArray<string>, version: string) {
    const misplaced = findMisplaced(args)
    if (misplaced !== undefined) {
      const { name, place, remedy, variable } = misplaced
      return yield* endCommand(
        exitCode.wrongUse,
        `The command did nothing, because ${name} stands ${place}. ${isVisible} ${remedy}, and pass the new one in ${variable}.`
      )
    }
    yield* Command.runWith(cli, { version })(args).pipe(
      Effect.catchTag("ShowHelp", (help) =>
        help.errors.length === 0 ? Effect.void : new Ended({ code: exitCode.wrongUse })
      ),
      Effect.provideService(GivenWords, findLongWords(args))
    )
  },
  Effect.provide(Layer.mergeAll(presenter, config))
)
