import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { published } from "./published.ts"

const entry = import.meta.resolve("@polar-sh/sdk/2026-10")
const read = (path: string) => readFileSync(new URL(path, entry), "utf8")

/** The refusals that the SDK declares for each operation of a service: the status, and the text of the class. */
const refusalsOf = (service: string) => {
  const pattern =
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*return async(?:(?!return async)[\s\S])*?buildRequest\("(\w+)", "([^"]+)"[\s\S]*?parseResponse\(response, "json", \{([^}]*)\}/g
  return [...read(`services/${service}.mjs`).matchAll(pattern)].map(
    ([, comment = "", method = "", path = "", classes = ""]) => {
      const texts = new Map([...comment.matchAll(/@throws \{(\w+)\} (.*)/g)].map(([, name, text]) => [name, text]))
      const statuses = [...classes.matchAll(/(\d{3}): (\w+)/g)]
      return [`${method} ${path}`, statuses.map(([, status, name]) => `${status} ${texts.get(name)}`)] as const
    }
  )
}

/** The fields of each interface among the SDK's models, with a question mark where it may be missing. */
const fieldsOf = () => {
  const models = /from "\.\.\/(models-[^"]+)\.mjs"/.exec(read("index.d.mts"))?.[1]
  return new Map(
    [...read(`../${models}.d.mts`).matchAll(/^interface (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name, body = ""]) => [
      name,
      [...body.matchAll(/^  (\w+\??): .*;$/gm)].map(([, field]) => field).toSorted()
    ])
  )
}

describe("the published contract is what @polar-sh/sdk 1.0.1 declares", () => {
  it("for the refusals of each operation, with their texts", () => {
    const declared = Object.fromEntries(
      ["customer_seats", "customer_portal/seats", "customer_sessions"].flatMap(refusalsOf)
    )
    const ours = Object.fromEntries(
      Object.entries(published.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { responses }]) => [
          `${method.toUpperCase()} ${path}`,
          Object.entries(responses)
            .filter(([status]) => !status.startsWith("2"))
            .map(([status, { description }]) => `${status} ${description}`)
        ])
      )
    )
    assert.lengthOf(Object.keys(declared), 12)
    assert.deepEqual(ours, declared)
  })

  it("for the fields of each schema", () => {
    const declared = fieldsOf()
    const compared = Object.entries(published.components.schemas).flatMap(
      ([name, { properties = {}, required = [] }]) => {
        const fields = declared.get(name.replaceAll(/[_-]/g, ""))
        if (fields === undefined) return []
        const own = Object.keys(properties).map((field) => (required.includes(field) ? field : `${field}?`))
        assert.deepEqual(own.toSorted(), fields, name)
        return [name]
      }
    )
    assert.includeMembers(compared, [
      "CustomerSeat",
      "CustomerSubscription",
      "AmbiguousExternalCustomerID",
      "SeatsList"
    ])
  })
})
