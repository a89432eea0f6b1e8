import { mutations } from "./mutations.ts"

/** Puts the fault that the environment names into the engine, for the runs that have to find it. */
export const mutated = (name: string) => ({
  name: "mutated",
  enforce: "pre" as const,
  transform: (code: string, id: string) => {
    const mutation = mutations.find(
      (each) => each.name === name && id.endsWith(`packages/invitations/src/${each.file}`)
    )
    if (mutation === undefined) return undefined
    if (code.split(mutation.from).length !== 2) throw new Error(`"${mutation.from}" does not stand in ${id} once`)
    return code.replace(mutation.from, () => mutation.to)
  }
})
