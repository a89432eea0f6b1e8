import { assert, it } from "vitest"
import { lint } from "./lint.ts"

const linesOf = (count: number) => "export {}\n".repeat(count)
const functionOf = (count: number) => `export const f = () => {\n${"  f()\n".repeat(count - 2)}}\n`
const generatorOf = (count: number) =>
  `export const g = function* () {\n${"\n".repeat(10)}${"  // why\n".repeat(count - 13)}  yield 1\n}\n`

const places = ["packages/http/src", "packages/emulator/src/internal/http", "packages/app/page"]

const reports = lint(
  Object.fromEntries(
    places.flatMap((place) => [
      [`${place}/Allowed.ts`, linesOf(350)],
      [`${place}/TooLong.ts`, linesOf(351)],
      [`${place}/AllowedFunction.ts`, functionOf(80)],
      [`${place}/TooLongFunction.ts`, functionOf(81)],
      [`${place}/TooLongGenerator.ts`, generatorOf(81)]
    ])
  )
)

it.each(places)(
  "a file in %s has at most 350 lines and a function at most 80, comments and blank lines included",
  (place) => {
    const reported = reports
      .filter(({ code, file }) => file.startsWith(`${place}/`) && code.startsWith("eslint(max-lines"))
      .map(({ code, file }) => `${file.slice(place.length + 1)}: ${code}`)
    assert.deepEqual(reported.toSorted(), [
      "TooLong.ts: eslint(max-lines)",
      "TooLongFunction.ts: eslint(max-lines-per-function)",
      "TooLongGenerator.ts: eslint(max-lines-per-function)"
    ])
  }
)
