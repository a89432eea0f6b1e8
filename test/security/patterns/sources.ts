import { readFileSync, readdirSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { type Expression, parseSync, Visitor } from "oxc-parser"

const packages = fileURLToPath(new URL("../../../packages", import.meta.url))

/** A regex as it stands in a file. */
interface Pattern {
  readonly where: string
  readonly regex: RegExp
}

/** A file of a package, with what it says about regexes. */
export interface Source {
  readonly file: string
  readonly name: string
  readonly literals: ReadonlyArray<Pattern>
  /** The number of places that make a regex from a text. */
  readonly constructions: number
}

const read = (file: string): Source => {
  const name = relative(packages, file)
  const text = readFileSync(file, "utf8")
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length
  const literals: Array<Pattern> = []
  let constructions = 0
  const count = ({ callee }: { readonly callee: Expression }) => {
    if (callee.type === "Identifier" && callee.name === "RegExp") constructions++
  }
  new Visitor({
    Literal: (node) => {
      if (!("regex" in node)) return
      const { flags, pattern } = node.regex
      literals.push({ where: `${name}:${lineOf(node.start)}`, regex: new RegExp(pattern, flags) })
    },
    NewExpression: count,
    CallExpression: count
  }).visit(parseSync(file, text).program)
  return { file, name, literals, constructions }
}

/** Every source file of every package, and of the emulator's page. */
export const readSources = (): ReadonlyArray<Source> =>
  readdirSync(packages)
    .flatMap((name) => [join(packages, name, "src"), join(packages, name, "page")])
    .flatMap((folder) => {
      try {
        return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file))
      } catch {
        return []
      }
    })
    .filter((file) => file.endsWith(".ts"))
    .map(read)

/**
 * Loads the files that make regexes from texts. Returns those regexes, and the files that make one later.
 */
export const loadPatterns = async (sources: ReadonlyArray<Source>) => {
  const making = sources.filter(({ constructions }) => constructions > 0)
  const made: Array<Pattern> = []
  const keep = (regex: RegExp): RegExp => {
    const stack = new Error().stack ?? ""
    const source = making.find(({ name }) => stack.includes(name))
    if (source !== undefined) made.push({ where: source.name, regex })
    return regex
  }
  const Original = globalThis.RegExp
  globalThis.RegExp = new Proxy(Original, {
    construct: (target, args, newTarget) => keep(Reflect.construct(target, args, newTarget)),
    apply: (target, self, args) => keep(Reflect.apply(target, self, args))
  })
  try {
    // A module runs once, and another test may have loaded it
    for (const { file } of making) await import(`${file}?again`)
  } finally {
    globalThis.RegExp = Original
  }
  return {
    made,
    late: making.filter(({ constructions, name }) => constructions > made.filter(({ where }) => where === name).length)
  }
}
