// Writes the API reference in docs/api from the text of the sources: each public name with its comment and its
// declaration, without its implementation. Each name in a declaration becomes a link. If no module exports the name, the
// end of the page shows its declaration.
import { globSync, readFileSync } from "node:fs"
import { basename, dirname, posix, resolve } from "node:path"
import { type Declaration, type Node, parseSync, type TSTypeLiteral, Visitor } from "oxc-parser"
import { packages as published } from "./packages.ts"

// A package whose modules can be imported by path is a library. The others are programs, and have no reference
const packages = published
  .filter((pkg) => "./*" in pkg.exports)
  .map((pkg) => ({ ...pkg, short: basename(pkg.folder), source: `${pkg.folder}/src` }))

interface Range {
  readonly start: number
  readonly end: number
}

/** The declarations of one name: a single one, or a value and the type of the same name. */
interface Declared {
  readonly name: string
  readonly nodes: ReadonlyArray<Declaration & Range>
  readonly isExported: boolean
}

/** The origin of an imported name. Without a `name`, the import is the whole module. */
interface Import {
  readonly file: string
  readonly name: string | undefined
}

/** A place that uses a name, alone or as a member of a module. */
interface Mention {
  readonly start: number
  readonly name: string
  readonly within: string | undefined
}

interface Module {
  readonly file: string
  readonly text: string
  readonly comments: ReadonlyMap<number, string>
  readonly declared: ReadonlyMap<string, Declared>
  readonly reexported: ReadonlyMap<string, Import>
  readonly imports: ReadonlyMap<string, Import>
  readonly mentions: ReadonlyArray<Mention>
  readonly cuts: ReadonlyArray<Range & { readonly by: string }>
}

/** The file that an import leads to, if it is one of ours. */
const fileOf = (specifier: string, from: string): string | undefined => {
  if (specifier.startsWith(".")) return resolve(dirname(from), specifier)
  const pkg = packages.find(({ name }) => specifier.startsWith(`${name}/`))
  return pkg && `${pkg.source}/${specifier.slice(pkg.name.length + 1)}.ts`
}

const nameOf = (node: Declaration): string | undefined => {
  if (node.type === "VariableDeclaration") {
    const id = node.declarations[0]?.id
    return id?.type === "Identifier" ? id.name : undefined
  }
  return "id" in node && node.id?.type === "Identifier" ? node.id.name : undefined
}

/** The methods of a service, if the class is one. */
const serviceOf = (node: Declaration): TSTypeLiteral | undefined => {
  if (node.type !== "ClassDeclaration" || node.superClass?.type !== "CallExpression") return undefined
  const { callee } = node.superClass
  return callee.type === "CallExpression" && callee.typeArguments
    ? callee.typeArguments.params.find((type) => type.type === "TSTypeLiteral")
    : undefined
}

const read = (file: string): Module => {
  const text = readFileSync(file, "utf8")
  const { comments, errors, module, program } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)

  const declared = new Map<string, Declared>()
  const reexported = new Map<string, Import>()
  for (const statement of program.body) {
    const isExported = statement.type === "ExportNamedDeclaration"
    const from = isExported && statement.source ? fileOf(statement.source.value, file) : undefined
    if (isExported && from !== undefined) {
      for (const { exported, local } of statement.specifiers) {
        if (exported.type === "Identifier" && local.type === "Identifier") {
          reexported.set(exported.name, { file: from, name: local.name })
        }
      }
    }
    const node = isExported ? statement.declaration : (statement as Declaration)
    const name = node ? nameOf(node) : undefined
    const isOdd = isExported ? from === undefined && name === undefined : statement.type.startsWith("Export")
    if (isOdd && isPublic(file))
      throw new Error(`${file}: the reference does not know this form of export. Use one declaration a name.`)
    if (node && name !== undefined) {
      const nodes = [...(declared.get(name)?.nodes ?? []), { ...node, start: statement.start, end: statement.end }]
      declared.set(name, { name, nodes, isExported })
    }
  }

  const imports = new Map<string, Import>()
  for (const { entries, moduleRequest } of module.staticImports) {
    const from = fileOf(moduleRequest.value, file)
    if (from === undefined) continue
    for (const { importName, localName } of entries) {
      if (localName.value !== null) imports.set(localName.value, { file: from, name: importName.name ?? undefined })
    }
  }

  const mentions: Array<Mention> = []
  const keys = new Set<number>()
  const cuts: Array<Range & { readonly by: string }> = []
  const key = (node: { readonly key: Node; readonly computed: boolean }) => {
    if (!node.computed) keys.add(node.key.start)
  }
  const cut = (start: number, end: number, by = "") => cuts.push({ start, end, by })
  new Visitor({
    Identifier: ({ name, start }) => void mentions.push({ start, name, within: undefined }),
    MemberExpression: (node) => {
      if (node.computed || node.object.type !== "Identifier" || node.property.type !== "Identifier") return
      keys.add(node.property.start)
      mentions.push({ start: node.start, name: node.property.name, within: node.object.name })
    },
    TSQualifiedName: ({ left, right, start }) => {
      keys.add(right.start)
      if (left.type === "Identifier") mentions.push({ start, name: right.name, within: left.name })
    },
    Property: key,
    TSPropertySignature: key,
    VariableDeclarator: ({ id, init }) => {
      if (id.typeAnnotation && init) cut(id.typeAnnotation.end, init.end)
    },
    PropertyDefinition: (node) => {
      key(node)
      if (node.typeAnnotation && node.value) cut(node.typeAnnotation.end, node.value.end)
    },
    MethodDefinition: (node) => {
      key(node)
      // Every error overrides `message`, and its text is no part of the API
      if (node.key.type === "Identifier" && node.key.name === "message") cut(node.start, node.end)
    },
    FunctionExpression: ({ body, returnType }) => {
      if (body) cut(returnType?.end ?? body.start, body.end, returnType ? "" : "{ … }")
    },
    ArrowFunctionExpression: ({ body, returnType }) => {
      if (returnType) cut(returnType.end, body.end)
      else if (body.type !== "ArrowFunctionExpression") cut(body.start, body.end, "…")
    },
    ClassDeclaration: (node) => {
      const service = serviceOf(node)
      if (service === undefined) return
      cut(service.start, service.end, "{ … }")
      cut(node.body.start, node.body.end, "{}")
    }
  }).visit(program)

  return {
    file,
    text,
    comments: new Map(
      comments
        .filter(({ type, value }) => type === "Block" && value.startsWith("*"))
        .map(({ end, value }) => [end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0), value])
    ),
    declared,
    reexported,
    imports,
    mentions: mentions.filter(({ start, within }) => within !== undefined || !keys.has(start)),
    cuts: cuts.toSorted((one, other) => one.start - other.start || other.end - one.end)
  }
}

const known = new Map<string, Module>()
const moduleOf = (file: string): Module => {
  const module = known.get(file) ?? read(file)
  known.set(file, module)
  return module
}

const isPublic = (file: string): boolean => packages.some(({ source }) => dirname(file) === source)

/** The path of a module's page in docs/api. */
const pageOf = (file: string): string =>
  `${packages.find(({ source }) => dirname(file) === source)?.short}/${basename(file, ".ts")}.md`

const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-")

/** The text of a doc comment, without its stars. */
const docOf = ({ comments }: Module, { start }: Range): string | undefined =>
  comments
    .get(start)
    ?.replaceAll(/^ *\*+ ?/gm, "")
    .trim()

const cutsWithin = ({ cuts }: Module, { end, start }: Range) => {
  let last = start
  return cuts.filter((cut) => {
    const counts = cut.start >= last && cut.end <= end
    if (counts) last = cut.end
    return counts
  })
}

/** The code of a declaration, without its cuts and without the bundler's annotations, which also break lines. */
const codeOf = (module: Module, range: Range): string => {
  let code = ""
  let at = range.start
  for (const { by, end, start } of cutsWithin(module, range)) {
    code += module.text.slice(at, start) + by
    at = end
  }
  const indent = /[^\n]*$/.exec(module.text.slice(0, range.start))?.[0].length ?? 0
  return `${code}${module.text.slice(at, range.end)}`
    .replaceAll(new RegExp(`^ {${indent}}`, "gm"), "")
    .replace(/^export /, "")
    .replaceAll(/=>\s+…/g, "=> …")
    .replace(/<\s*(\w+),\s*\{ … \}\s*>/, "<$1, { … }>")
    .replaceAll(/\{\s*\}$/gm, "{}")
    .replaceAll(/\n\s*\n(?=\s*\})/g, "\n")
    .trim()
    .replace(
      /\s+extends \/\* @__PURE__ \*\/ ([^]*)\n\{\}$/,
      (_, base) => ` extends ${base.replaceAll("\n  ", "\n")} {}`
    )
    .replaceAll("/* @__PURE__ */ ", "")
}

interface Found {
  readonly module: Module
  readonly declared: Declared
}

/** The declaration of a name, if it is one of ours. */
const find = (module: Module, name: string, within?: string): Found | undefined => {
  const imported =
    module.imports.get(within ?? name) ?? (within === undefined ? module.reexported.get(name) : undefined)
  // A whole module has no declaration, and a member of anything else is not ours
  if (imported !== undefined && (within === undefined) !== (imported.name !== undefined)) return undefined
  if (imported !== undefined) return find(moduleOf(imported.file), imported.name ?? name)
  const declared = within === undefined ? module.declared.get(name) : undefined
  return declared && { module, declared }
}

/** The declarations that a declaration names, in its order. */
const namedIn = (module: Module, range: Range): ReadonlyArray<Found> => {
  const cuts = cutsWithin(module, range)
  return module.mentions
    .filter(({ start }) => start >= range.start && start < range.end)
    .filter(({ start }) => !cuts.some((cut) => start >= cut.start && start < cut.end))
    .toSorted((one, other) => one.start - other.start)
    .flatMap(({ name, within }) => find(module, name, within) ?? [])
}

const files = packages.flatMap(({ source }) => globSync(`${source}/[A-Z]*.ts`).toSorted())

/** The page of each declaration that a public module re-exports from an internal one. */
const homes = new Map(
  files.flatMap((file) => {
    const module = moduleOf(file)
    return [...module.reexported.keys()].flatMap((name): Array<[Declared, string]> => {
      const found = find(module, name)
      return found === undefined ? [] : [[found.declared, file]]
    })
  })
)

const fenced = (code: string): string => `\`\`\`ts\n${code}\n\`\`\``

/** The public names and methods of services that have no comment. */
export const undocumented: Array<string> = []

const page = (file: string): { readonly text: string; readonly names: ReadonlyArray<string> } => {
  const module = moduleOf(file)
  const own = [...module.declared.values()]
    .filter(({ isExported }) => isExported)
    .map((declared): Found => ({ module, declared }))
  const reexported = [...module.reexported.values()].flatMap((from) => find(moduleOf(from.file), from.name ?? "") ?? [])
  const all = [...own, ...reexported]
  const names = all.map(({ declared }) => declared.name)

  const headings = new Set<string>()
  const heading = (level: string, title: string): string => {
    if (headings.has(anchor(title)))
      throw new Error(`${file}: two headings are called ${title}. Rename one of the exports`)
    headings.add(anchor(title))
    return `${level} ${title}`
  }
  const linkTo = ({ declared, module: target }: Found): string | undefined => {
    const { name } = declared
    if (all.some((found) => found.declared === declared)) return `[\`${name}\`](#${anchor(name)})`
    const home = declared.isExported && isPublic(target.file) ? target.file : homes.get(declared)
    return home === undefined
      ? undefined
      : `[\`${name}\`](${posix.relative(posix.dirname(pageOf(file)), pageOf(home))}#${anchor(name)})`
  }

  // Declarations that are named but not exported, in the order of their first use
  const hidden = new Map<Declared, Found>()
  const linksTo = (found: ReadonlyArray<Found>): ReadonlyArray<string> =>
    found.flatMap((each) => {
      const link = linkTo(each)
      if (link === undefined) hidden.set(each.declared, each)
      return link ?? []
    })
  const see = (links: ReadonlyArray<string>): ReadonlyArray<string> =>
    links.length === 0 ? [] : [`See ${[...new Set(links)].join(", ")}.`]
  const seeFrom = (found: ReadonlyArray<Found>, self: Declared): ReadonlyArray<string> =>
    see(linksTo(found.filter(({ declared }) => declared !== self)))
  const documented = (name: string, doc: string | undefined): ReadonlyArray<string> => {
    if (doc === undefined) undocumented.push(`${pageOf(file).replace(".md", "")}: ${name}`)
    return doc === undefined ? [] : [doc]
  }

  const members = ({ declared, module: at }: Found): ReadonlyArray<string> =>
    declared.nodes.flatMap((node) => {
      const service = serviceOf(node)
      if (service === undefined || node.type !== "ClassDeclaration") return []
      return [...service.members, ...node.body.body].flatMap((member) => {
        if (!("key" in member) || member.key.type !== "Identifier") return []
        const title = `${declared.name}.${member.key.name}`
        return [
          heading("###", title),
          ...documented(title, docOf(at, member)),
          fenced(codeOf(at, member)),
          ...seeFrom(namedIn(at, member), declared)
        ]
      })
    })

  const sections = all.flatMap((found) => {
    const { declared, module: at } = found
    return [
      heading("##", declared.name),
      ...documented(
        declared.name,
        declared.nodes.map((node) => docOf(at, node)).find((doc) => doc !== undefined)
      ),
      fenced(declared.nodes.map((node) => codeOf(at, node)).join("\n")),
      ...seeFrom(
        declared.nodes.flatMap((node) => namedIn(at, node)),
        declared
      ),
      ...members(found)
    ]
  })

  const below: Array<string> = []
  // The loop adds to this map: a hidden declaration may name further ones
  const linked: Array<string> = []
  for (const { declared, module: at } of hidden.values()) {
    for (const node of declared.nodes) {
      const doc = docOf(at, node)
      below.push(`${doc === undefined ? "" : `// ${doc.replaceAll("\n", "\n// ")}\n`}${codeOf(at, node)}`)
      linked.push(...linksTo(namedIn(at, node)))
    }
  }
  const rest =
    below.length === 0
      ? []
      : [
          heading("##", "Not exported"),
          "The declarations above use these, which cannot be imported.",
          fenced(below.join("\n\n")),
          ...see(linked)
        ]

  const pkg = packages.find(({ source }) => dirname(file) === source)
  const title = basename(file, ".ts")
  return {
    names,
    text: `${[`# ${title}`, `\`${pkg?.name}/${title}\``, ...sections, ...rest].join("\n\n")}\n`
  }
}

const build = (): ReadonlyMap<string, string> => {
  const pages = new Map<string, string>()
  const index = packages.flatMap((pkg) => {
    const lines = files
      .filter((file) => dirname(file) === pkg.source)
      .map((file) => {
        const { names, text } = page(file)
        pages.set(pageOf(file), text)
        const links = names.map((each) => `[\`${each}\`](${pageOf(file)}#${anchor(each)})`)
        return `- [**${basename(file, ".ts")}**](${pageOf(file)}): ${links.join(", ")}`
      })
    return [`## ${pkg.name}`, `${pkg.description}.`, lines.join("\n")]
  })
  const intro =
    "Every public module and name. `pnpm docs:api` writes these pages from the comments in the sources, so edit the sources."
  return pages.set("README.md", `${["# API reference", intro, ...index].join("\n\n")}\n`)
}

/** The text of each page of the reference, by its path in docs/api. */
export const pages = build()
