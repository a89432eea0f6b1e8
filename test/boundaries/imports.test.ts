import { basename } from "node:path"
import { assert, describe, it } from "vitest"
import { packages } from "../../scripts/packages.ts"
import { lint } from "./lint.ts"

/** The arrows between the packages: the specifiers that a module may import, and those that the linter must report. */
interface Arrows {
  readonly allowed: ReadonlyArray<string>
  readonly forbidden: ReadonlyArray<string>
}

const domain = "@polar-seats/domain/Seat"
const http = "@polar-seats/http/PortalSeats"
const invitations = "@polar-seats/invitations/Invitations"
const emulator = "@polar-seats/emulator/SeatsMemory"
const programs = ["app", "test", "bench", "examples"].flatMap((name) => [
  `@polar-seats/${name}`,
  `@polar-seats/${name}/x`
])
const stable = ["effect/Effect", "effect/Schema"]
const unstable = ["effect/http/HttpClient", "effect/persistence/KeyValueStore", "effect/schema/SchemaCompiler"]
const tools = ["effect/testing", "effect/testing/TestClock", "effect/cli/Command", "effect", "@effect/platform-node"]
const builtins = ["node:fs", "node:http", "node:path"]
const outside = (up: string) => [
  ...["domain", "http", "invitations", "emulator", "app"].flatMap((name) => [
    `${up}${name}/src/Seat.ts`,
    `${up}${name}/dist/Seat.js`
  ]),
  ...["test/laws/world.ts", "bench/src/wire.ts", "examples/src/worker.ts", "scripts/packages.ts"].map(
    (path) => `${up}../${path}`
  )
]

const arrows: Record<string, Arrows> = {
  "packages/domain/src": {
    allowed: [...stable, "./Seat.ts", "./internal/text.ts"],
    forbidden: [
      ...unstable,
      ...tools,
      ...builtins,
      domain,
      http,
      invitations,
      emulator,
      ...programs,
      ...outside("../../")
    ]
  },
  "packages/domain/src/internal": {
    allowed: [...stable, "./text.ts", "../Seat.ts"],
    forbidden: [
      ...unstable,
      ...tools,
      ...builtins,
      "fs",
      http,
      invitations,
      emulator,
      ...programs,
      ...outside("../../../")
    ]
  },
  "packages/http/src": {
    allowed: [...stable, ...unstable, domain, "./PolarConnection.ts", "./internal/exchange.ts"],
    forbidden: [...tools, ...builtins, "undici", http, invitations, emulator, ...programs, ...outside("../../")]
  },
  "packages/http/src/internal": {
    allowed: [...stable, ...unstable, domain, "./exchange.ts", "../PolarConnection.ts"],
    forbidden: [...tools, ...builtins, "undici", invitations, emulator, ...programs, ...outside("../../../")]
  },
  "packages/http/src/UndiciTransport.ts": {
    allowed: [...stable, ...unstable, "undici", "./internal/exchange.ts"],
    forbidden: [...tools, ...builtins, invitations, emulator, ...programs, ...outside("../../")]
  },
  "packages/invitations/src": {
    allowed: [...stable, ...unstable, domain, "./Journal.ts", "./internal/sharedList.ts"],
    forbidden: [...tools, ...builtins, http, invitations, emulator, ...programs, ...outside("../../")]
  },
  "packages/invitations/src/internal": {
    allowed: [...stable, ...unstable, domain, "./sharedList.ts", "../Journal.ts"],
    forbidden: [...tools, ...builtins, http, emulator, ...programs, ...outside("../../../")]
  },
  "packages/emulator/src": {
    allowed: [...stable, ...unstable, domain, http, "./World.ts", "./internal/model/polarModel.ts"],
    forbidden: [...tools, ...builtins, "tr46", invitations, emulator, ...programs, ...outside("../../")]
  },
  "packages/emulator/src/internal/model": {
    allowed: [...stable, ...unstable, domain, http, "./polarModel.ts", "../redact.ts", "../../World.ts"],
    forbidden: [...tools, ...builtins, invitations, ...programs, ...outside("../../../../")]
  },
  "packages/emulator/src/internal/validation/emailDomain.ts": {
    allowed: [...stable, ...unstable, domain, http, "tr46", "./emailCharacters.ts"],
    forbidden: [...tools, ...builtins, invitations, ...programs, ...outside("../../../../")]
  },
  "packages/app/src": {
    allowed: [
      ...stable,
      ...unstable,
      ...builtins,
      "effect/cli/Command",
      domain,
      http,
      invitations,
      emulator,
      "./run.ts"
    ],
    forbidden: ["effect", "effect/testing", "vitest", ...programs, ...outside("../../")]
  },
  "packages/app/src/commands": {
    allowed: [domain, http, invitations, emulator, "../globalFlags.ts", "./list.ts"],
    forbidden: ["effect", "effect/testing", ...programs, ...outside("../../../")]
  },
  "examples/src": {
    allowed: ["effect", domain, http, invitations, emulator, "@effect/platform-node", "node:http", "./worker.ts"],
    forbidden: [...programs, "../../packages/http/src/Pace.ts", "../../test/laws/world.ts", "../../bench/src/wire.ts"]
  },
  "bench/src/tables": {
    allowed: [
      ...stable,
      domain,
      http,
      invitations,
      "esbuild",
      "node:fs",
      "../report.ts",
      "../../../scripts/packages.ts"
    ],
    forbidden: [...programs, "../../../packages/http/src/Pace.ts", "../../../test/laws/world.ts"]
  },
  "packages/app/page": {
    allowed: [...stable, domain, http, invitations, emulator, "./text.ts"],
    forbidden: ["effect", "effect/testing", ...builtins, ...programs, ...outside("../../")]
  }
}

/** The arrows as the manifests state them. TypeScript resolves no other package. */
const dependencies = {
  domain: [],
  http: ["domain"],
  invitations: ["domain"],
  emulator: ["domain", "http"],
  app: ["domain", "emulator", "http", "invitations"]
}

/** The file of a place that imports all its specifiers, one a line. */
const fileIn = (place: string) => (place.endsWith(".ts") ? place : `${place}/Imports.ts`)

const every = Object.entries(arrows).map(([place, arrow]) => {
  const specifiers = [...arrow.allowed, ...arrow.forbidden]
  return { ...arrow, place, specifiers, text: specifiers.map((specifier) => `export * from "${specifier}"\n`).join("") }
})

/** The ways to import a module, which the linter has to know one by one. */
const ways = [
  `import { SeatsMemory as one } from "${emulator}"`,
  `import type { SeatsMemory as two } from "${emulator}"`,
  `import "${emulator}"`,
  `export { SeatsMemory as four } from "${emulator}"`,
  `const five = await import("${emulator}")`
]
const waysFile = "packages/http/src/Ways.ts"

const reports = lint({
  ...Object.fromEntries(every.map(({ place, text }) => [fileIn(place), text])),
  [waysFile]: ways.join("\n")
})
const linesOf = (file: string) =>
  new Set(
    reports
      .filter((report) => report.file === file && report.code === "eslint(no-restricted-imports)")
      .map(({ line }) => line)
  )

describe.each(every)("a module in $place", ({ allowed, forbidden, place, specifiers }) => {
  const lines = linesOf(fileIn(place))
  const reported = new Set(specifiers.filter((_, index) => lines.has(index + 1)))

  it("may import along the arrows", () => {
    assert.deepEqual(
      allowed.filter((specifier) => reported.has(specifier)),
      []
    )
  })

  it("is reported for each import against the arrows", () => {
    assert.deepEqual(
      forbidden.filter((specifier) => !reported.has(specifier)),
      []
    )
  })
})

it("reports an import against the arrows in whatever way it is written", () => {
  assert.deepEqual(
    ways.filter((_, index) => !linesOf(waysFile).has(index + 1)),
    []
  )
})

it.each(Object.entries(dependencies))(
  "the manifest of %s depends on the packages that it may import",
  (name, expected) => {
    const manifest = packages.find(({ folder }) => basename(folder) === name)
    const depended = manifest?.bin === undefined ? manifest?.dependencies : manifest.devDependencies
    assert.deepEqual(
      Object.keys(depended ?? {}).filter((dependency) => dependency.startsWith("@polar-seats/")),
      expected.map((dependency) => `@polar-seats/${dependency}`)
    )
  }
)
