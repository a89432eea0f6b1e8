import * as CliOutput from "effect/cli/CliOutput"
import type * as HelpDoc from "effect/cli/HelpDoc"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import { wrapText } from "./wrapText.ts"

type Rows = ReadonlyArray<readonly [name: string, text: string]>

/** The part of a command's help that is neither a flag nor an example. */
export interface CommandNotes {
  /** The environment variables that the command reads. */
  readonly environment: Rows
  readonly exitCodes: Rows
}

/** The annotation of a command with its notes. */
export const CommandNotes = Context.Reference<CommandNotes>("@polar-seats/app/CommandNotes", {
  defaultValue: () => ({ environment: [], exitCodes: [] })
})

const indent = "  "
const widestName = 30
// A text beside its name needs some room, or it would be a column of single words
const narrowestText = 24

/** Names and texts as two columns. A text is below its name if there is too little room beside it. */
const formatRows = (rows: Rows, columns: number): ReadonlyArray<string> => {
  const widths = rows.map(([name]) => CliOutput.displayWidth(name)).filter((width) => width <= widestName)
  const start = indent.length + Math.max(0, ...widths) + indent.length
  const isBeside = columns - start >= narrowestText
  const left = isBeside ? start : 2 * indent.length
  return rows.flatMap(([name, text]) => {
    const lines = wrapText(text, Math.max(narrowestText, columns - left)).map((line) => " ".repeat(left) + line)
    const head = indent + name
    const fits = isBeside && CliOutput.displayWidth(head) + indent.length <= start
    if (!fits) return text === "" ? [head] : [head, ...lines]
    const [first = "", ...others] = lines
    return [(head + first.slice(CliOutput.displayWidth(head))).trimEnd(), ...others]
  })
}

const formatParagraph = (text: string, columns: number): ReadonlyArray<string> =>
  wrapText(text, columns - indent.length).map((line) => indent + line)

const toFlagRows = (flags: ReadonlyArray<HelpDoc.FlagDoc>): Rows =>
  flags.map(({ aliases, description, name, type }) => [
    // The choices are in the description too
    [`--${name}`, ...aliases].join(", ") + (type === "boolean" ? "" : ` ${type.startsWith("<") ? "choice" : type}`),
    Option.getOrElse(description, () => "")
  ])

const toArgumentRows = (args: ReadonlyArray<HelpDoc.ArgDoc>): Rows =>
  args.map(({ description, name, variadic }) => [
    variadic ? `${name}...` : name,
    Option.getOrElse(description, () => "")
  ])

// A shell reads an example over several lines, as long as each but the last ends in a backslash
const formatExample = ({ command, description }: HelpDoc.ExampleDoc, columns: number): ReadonlyArray<string> => {
  const lines = wrapText(command, columns - 2 * indent.length - 2)
  return [
    ...(description === undefined
      ? []
      : wrapText(description, columns - indent.length - 2).map((line) => `${indent}# ${line}`)),
    ...lines.map((line, at) => (at === 0 ? indent : indent + indent) + line + (at < lines.length - 1 ? " \\" : ""))
  ]
}

/** The help of a command, wrapped at words for a terminal of so many columns. `title` styles the name of a section. */
export const formatHelp = (
  doc: HelpDoc.HelpDoc,
  columns: number,
  title: (text: string) => string = (text) => text
): string => {
  const { environment, exitCodes } = Context.get(doc.annotations, CommandNotes)
  const commands = (doc.subcommands ?? []).flatMap(({ commands }) => commands)
  // The flags of the root are those that every command takes
  const isRoot = commands.length > 0
  const everywhere = [...(isRoot ? doc.flags : []), ...(doc.inheritedFlags ?? []), ...(doc.globalFlags ?? [])]
  const examples = (doc.examples ?? []).flatMap((example, at) => [
    ...(at === 0 ? [] : [""]),
    ...formatExample(example, columns)
  ])
  const sections: ReadonlyArray<readonly [name: string, lines: ReadonlyArray<string>]> = [
    ["DESCRIPTION", doc.description === "" ? [] : formatParagraph(doc.description, columns)],
    ["USAGE", formatParagraph(doc.usage, columns)],
    [
      "COMMANDS",
      formatRows(
        commands.map(({ description, name }) => [name, description] as const),
        columns
      )
    ],
    ["ARGUMENTS", formatRows(toArgumentRows(doc.args ?? []), columns)],
    ["FLAGS", formatRows(toFlagRows(isRoot ? [] : doc.flags), columns)],
    ["FLAGS OF EVERY COMMAND", formatRows(toFlagRows(everywhere), columns)],
    ["EXAMPLES", examples],
    ["ENVIRONMENT", formatRows(environment, columns)],
    ["EXIT CODES", formatRows(exitCodes, columns)]
  ]
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => [title(name), ...lines].join("\n"))
    .join("\n\n")
}
