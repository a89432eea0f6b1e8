import { type AST, RegExpParser } from "@eslint-community/regexpp"

/** A text that is as long as one wants: a beginning, a part that repeats, and an end that should not match. */
export interface Attack {
  readonly prefix: string
  readonly pump: string
  readonly suffix: string
}

export const textOf = ({ prefix, pump, suffix }: Attack, length: number): string =>
  prefix + pump.repeat(Math.ceil(length / pump.length)) + suffix

const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
// The most usual character of each kind comes first
const characters = [...' a0-./"%@<>{}[]\\:=,;_A\n\t\0', "é", "\u0300", "\u{1f600}", ...ascii, "\u30fb", "\u200c"]

const unique = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(values)]

const samplesOf = (raw: string, flags: string): ReadonlyArray<string> => {
  const regex = new RegExp(`^${raw}$`, flags.replace(/[gy]/g, ""))
  const found = characters.filter((character) => regex.test(character))
  return unique([found[0] ?? "", found[1] ?? "", found.at(-1) ?? ""]).filter((text) => text !== "")
}

type Node = AST.Element | AST.Alternative

const alternativesOf = (node: Node): ReadonlyArray<AST.Alternative> =>
  node.type === "Group" || node.type === "CapturingGroup" ? node.alternatives : []

/** Texts that a part of a pattern matches. */
const matching = (node: Node, flags: string): ReadonlyArray<string> => {
  switch (node.type) {
    case "Alternative": {
      const parts = node.elements.map((element) => matching(element, flags))
      const most = Math.max(1, ...parts.map(({ length }) => length))
      return unique(
        Array.from({ length: most }, (_, at) => parts.map((part) => part[at % Math.max(1, part.length)] ?? "").join(""))
      )
    }
    case "Group":
    case "CapturingGroup":
      return unique(alternativesOf(node).flatMap((alternative) => matching(alternative, flags)))
    case "Quantifier":
      return matching(node.element, flags).map((text) => text.repeat(Math.max(1, node.min)))
    case "Assertion":
    case "Backreference":
      return [""]
    default:
      return samplesOf(node.raw, flags)
  }
}

interface Found {
  readonly prefixes: Set<string>
  readonly pumps: Set<string>
}

/** Collects the text before each part that repeats, and the texts that may repeat. */
const collect = (node: Node, before: string, flags: string, found: Found): void => {
  for (const alternative of alternativesOf(node)) collect(alternative, before, flags, found)
  if (node.type === "Assertion" && "alternatives" in node) {
    for (const alternative of node.alternatives) collect(alternative, before, flags, found)
  }
  if (node.type === "Alternative") {
    let prefix = before
    for (const element of node.elements) {
      collect(element, prefix, flags, found)
      prefix += matching(element, flags)[0] ?? ""
    }
  }
  if (node.type === "Quantifier") {
    found.prefixes.add(before)
    for (const text of matching(node.element, flags)) found.pumps.add(text)
    collect(node.element, before, flags, found)
  }
  if (node.type === "Character" || node.type === "CharacterClass" || node.type === "CharacterSet") {
    for (const text of samplesOf(node.raw, flags)) found.pumps.add(text)
  }
}

const suffixes = ["", "\0", "!", "\n", "x"]

/** Long texts that are meant to cost a regex as much as they can. */
export const attacksOn = ({ flags, source }: RegExp): ReadonlyArray<Attack> => {
  const isUnicode = flags.includes("u")
  const { alternatives } = new RegExpParser().parsePattern(source, 0, source.length, { unicode: isUnicode })
  const found: Found = { prefixes: new Set([""]), pumps: new Set() }
  for (const alternative of alternatives) {
    collect(alternative, "", flags, found)
    for (const text of matching(alternative, flags)) found.pumps.add(text)
  }
  const pumps = [...found.pumps].filter((text) => text !== "")
  const pairs = pumps.length > 9 ? [] : pumps.flatMap((one) => pumps.map((other) => one + other))
  const all = unique([...pumps, ...pairs].filter((pump) => !/^(.)\1+$/su.test(pump)))
  return [...found.prefixes].flatMap((prefix) =>
    all.flatMap((pump) => suffixes.map((suffix) => ({ prefix, pump, suffix })))
  )
}
