import { readFileSync, globSync } from "node:fs"
import { assert, it } from "vitest"
import { root } from "../../scripts/packages.ts"
import { pages, undocumented } from "../../scripts/reference.ts"
import polar from "../polar/openapi-seats.2026-10.json" with { type: "json" }

it("docs/api matches the sources (`pnpm docs:api` rewrites it)", () => {
  const folder = `${root}docs/api`
  assert.deepEqual(globSync("**/*.md", { cwd: folder }).toSorted(), [...pages.keys()].toSorted())
  for (const [path, text] of pages) assert.strictEqual(readFileSync(`${folder}/${path}`, "utf8"), text, path)
})

it("every public name and every method of a service has a comment", () => {
  assert.deepEqual(undocumented, [])
})

it("every link in docs/api leads to a heading", () => {
  const anchors = new Set(
    [...pages].flatMap(([path, text]) =>
      [...text.matchAll(/^##+ (.+)$/gm)].map(
        ([, heading = ""]) => `${path}#${heading.toLowerCase().replaceAll(".", "")}`
      )
    )
  )
  const links = [...pages].flatMap(([path, text]) =>
    [...text.matchAll(/\]\(([^)]*#[^)]*)\)/g)].map(([, link = ""]) =>
      new URL(link, `file:///${path}`).href.slice("file:///".length)
    )
  )
  assert.isAbove(links.length, 300)
  assert.deepEqual(
    links.filter((link) => !anchors.has(link)),
    []
  )
})

it("the methods name every seat endpoint of Polar, and no other", () => {
  const published = Object.entries(polar.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  )
  const named = [...pages.values()].flatMap((text) =>
    [...text.matchAll(/^Polar: [^]*?\.$/gm)].flatMap(([line]) =>
      [...line.matchAll(/`([A-Z]+ \/v1[^`]*)`/g)].map(([, endpoint = ""]) => endpoint)
    )
  )
  // Polar's OpenAPI document omits this endpoint
  const stream = "GET /v1/customer-seats/claim/{invitation_token}/stream"
  assert.deepEqual([...new Set(named)].toSorted(), [...published, stream].toSorted())
})

it.each(["Seats", "Invitations", "SeatClaims", "CustomerSessions"])(
  "each method of %s that calls Polar names its endpoint and its errors",
  (service) => {
    const page = [...pages].find(([path]) => path.endsWith(`/${service}.md`))?.[1] ?? ""
    const methods = page.split(/^##+ /m).filter((section) => section.startsWith(`${service}.`))
    const asking = methods.filter((section) => !/^\w+\.(layer|unfinished)/.test(section))
    assert.isNotEmpty(asking)
    for (const method of asking) {
      assert.match(method, /^Polar: /m)
      assert.match(method, /(Effect|Stream)<[^]*, [^]*>/)
    }
  }
)
