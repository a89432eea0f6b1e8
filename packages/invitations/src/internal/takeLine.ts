import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Entry } from "../Journal.ts"
import * as EntryJson from "./entryJson.ts"
import { joinEntries } from "./joinEntries.ts"
import { type Line, type LineTable, marks } from "./lineTable.ts"
import { readUsualLine } from "./usualLine.ts"

/** How the line of a key begins. */
export const startOf = (key: string): string => `{"key":${JSON.stringify(key)},`

/** The version of an entry and the marks of its line. */
export const noteOf = ({ attempt, version }: Entry): Pick<Line, "version" | "marks"> => ({
  version,
  marks: attempt === null ? 0 : marks.attempt
})

const parse = (text: string): unknown => Result.getOrUndefined(Result.try(() => JSON.parse(text)))

const rewrite = (start: string, json: object): string => {
  const { key: _, ...rest } = { key: "", ...json }
  return start + JSON.stringify(rest).slice(1)
}

/** Splits the lines of a row into the entry that can be read, which comes first if there is one, and the others. */
const splitRow = (text: string): { readonly entry: Entry | undefined; readonly others: string } => {
  const end = text.indexOf("\n")
  const entry = Result.getOrUndefined(EntryJson.decodeResult(end < 0 ? text : text.slice(0, end)))
  return { entry, others: entry === undefined ? text : end < 0 ? "" : text.slice(end + 1) }
}

/** The entry that the readable lines of a row tell of. */
export const readableOf = (text: string): Entry | undefined => splitRow(text).entry

/**
 * Joins a line with those before it. If one of them cannot be read, neither can the key: the line may tell of a mail. The
 * lines that can be read are joined to one, which comes first.
 */
const join = (before: string, after: string): Line => {
  const known = splitRow(before)
  const next = splitRow(after)
  const entry =
    known.entry !== undefined && next.entry !== undefined
      ? joinEntries(known.entry, next.entry)
      : (known.entry ?? next.entry)
  const others = [known.others, next.others].filter((text) => text !== "")
  const line = entry === undefined ? [] : [EntryJson.encodeUnsafe(entry)]
  const { marks: noted, version } = entry === undefined ? { marks: 0, version: 0 } : noteOf(entry)
  // The process that wrote a line after these may not have known all of them
  return {
    text: [...line, ...others].join("\n"),
    version,
    marks: noted | (others.length === 0 ? marks.joined : marks.unreadable)
  }
}

/**
 * Takes a line of a journal file, and its bytes, into a table. It returns false if the line names nobody.
 *
 * Usually the line of a version knows all that the lines of earlier versions know, so it replaces them. If the versions do
 * not follow one another, a process has written that had lost the file, and the lines are joined.
 */
export const takeLine = (lines: LineTable, line: string, bytes: Uint8Array): boolean => {
  const keep = (start: string, next: Line): boolean => {
    const before = lines.size()
    const row = lines.rowOf(start)
    const noted = row === before ? 0 : lines.marks(row)
    const isUsual = ((noted | next.marks) & (marks.joined | marks.unreadable)) === 0
    const replaces = row === before || (isUsual && next.version === lines.version(row) + 1)
    lines.set(row, replaces ? next : join(lines.text(row), next.text))
    return true
  }
  const usual = readUsualLine(line)
  if (usual !== undefined) {
    const { hasAttempt, key, version } = usual
    return keep(startOf(key), { text: line, bytes, version, marks: hasAttempt ? marks.attempt : 0 })
  }
  // An editor, damage or another version has changed the line, or it tells of a reissue
  const json = parse(line)
  if (!Predicate.hasProperty(json, "key") || !Predicate.isString(json.key)) return false
  const start = startOf(json.key)
  const text = line.startsWith(start) ? line : rewrite(start, json)
  return Result.match(EntryJson.decodeResult(line), {
    onSuccess: (entry) => keep(start, { text, ...noteOf(entry) }),
    onFailure: () => keep(start, { text, version: 0, marks: marks.unreadable })
  })
}
