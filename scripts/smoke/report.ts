import type { Difference, Fact } from "./fact.ts"
import type { Secrets } from "./secrets.ts"

/** The result of a check. */
export type Finding =
  | { readonly outcome: "ok" }
  | { readonly outcome: "differs"; readonly differences: ReadonlyArray<Difference> }
  | { readonly outcome: "not_checked"; readonly reason: string }

export interface Report {
  readonly start: (text: string) => void
  readonly fact: (fact: Fact, finding: Finding) => void
  readonly end: () => void
  readonly hasDifference: () => boolean
}

const longest = 400
const cut = (text: string) => (text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text)
// An answer may hold anything, and a terminal obeys control characters
const printable = (text: string) => text.replace(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1))

/** Prints a run for people, or as lines of JSON. No secret gets out. */
export const makeReport = (isJson: boolean, { hide }: Secrets, print: (line: string) => void): Report => {
  const counts = { ok: 0, differs: 0, not_checked: 0 }
  const clean = (text: string) => printable(cut(hide(text)))
  const printJson = (value: unknown) => print(JSON.stringify(value))

  const forPeople = ({ means, name, says }: Fact, finding: Finding) => {
    if (finding.outcome === "ok") return print(`ok           ${name}: ${says}`)
    if (finding.outcome === "not_checked") return print(`not checked  ${name}: ${clean(finding.reason)}.`)
    print(`DIFFERS      ${name}: ${says}`)
    for (const { came, expected, what } of finding.differences) {
      print(`               ${clean(what)}`)
      print(`                 expected ${clean(expected)}`)
      print(`                 came     ${clean(came)}`)
    }
    print(`               For us: ${means}`)
  }
  return {
    start: (text) => {
      if (!isJson) print(`${hide(text)}\n`)
    },
    fact: (fact, finding) => {
      counts[finding.outcome] += 1
      if (!isJson) return forPeople(fact, finding)
      const { means, name, says } = fact
      const found =
        finding.outcome === "differs"
          ? {
              differences: finding.differences.map(({ came, expected, what }) => ({
                what: hide(what),
                expected: hide(expected),
                came: cut(hide(came))
              })),
              means
            }
          : finding.outcome === "not_checked"
            ? { reason: hide(finding.reason) }
            : {}
      printJson({ fact: name, outcome: finding.outcome, says, ...found })
    },
    end: () => {
      if (isJson) return printJson(counts)
      const { differs, not_checked, ok } = counts
      print(`\n${ok + differs + not_checked} facts: ${ok} ok, ${differs} differ, ${not_checked} not checked.`)
    },
    hasDifference: () => counts.differs > 0
  }
}
