import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { assert, it } from "vitest"
import { root } from "../../scripts/packages.ts"

const documents = globSync(["*.md", ".changeset/*.md", "{bench,docs,examples,packages,scripts,test}/**/*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**", "**/dist/**"]
})

const read = (document: string) =>
  readFileSync(root + document, "utf8")
    .replaceAll(/^```[^]*?^```$/gm, "")
    .replaceAll(/^ {4}.*$/gm, "")

/** The anchors of a document, as GitHub makes them from its headings. */
const anchorsOf = (document: string): ReadonlySet<string> => {
  const counts = new Map<string, number>()
  const headings = [...read(document).matchAll(/^#+ +(.+?) *$/gm)].map(([, heading = ""]) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{Pc}\- ]/gu, "")
      .replaceAll(" ", "-")
  )
  return new Set(
    headings.map((heading) => {
      const count = counts.get(heading) ?? 0
      counts.set(heading, count + 1)
      return count === 0 ? heading : `${heading}-${count}`
    })
  )
}

const linksOf = (document: string) =>
  [
    ...read(document)
      .replaceAll(/`[^`\n]*`/g, "")
      .matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)/gm)
  ]
    .map(([, inline, reference]) => inline ?? reference ?? "")
    .filter((link) => !/^[a-z]+:/.test(link))

const problemOf = (document: string, link: string): string | undefined => {
  const [path = "", anchor] = link.split("#")
  const target = path === "" ? document : normalize(join(dirname(document), path))
  if (target.startsWith("..") || !existsSync(root + target)) return `${link}: there is no ${target}`
  return anchor === undefined || anchorsOf(target).has(anchor) ? undefined : `${link}: ${target} has no such heading`
}

it.each(documents)("every internal link of %s leads to a file, and to a heading in it", (document) => {
  assert.deepEqual(
    linksOf(document).flatMap((link) => problemOf(document, link) ?? []),
    []
  )
})

it("finds the documents, their links, and a link that leads nowhere", () => {
  assert.includeMembers(documents, [
    "README.md",
    "docs/command-line.md",
    "examples/README.md",
    "packages/http/README.md"
  ])
  assert.isAbove(linksOf("README.md").length, 10)
  assert.isUndefined(problemOf("packages/http/README.md", "../../README.md#install"))
  assert.isDefined(problemOf("packages/http/README.md", "../../README.md#installation"))
  assert.isDefined(problemOf("README.md", "docs/nowhere.md"))
})
