// Every token of Polar begins like this, and an invitation token has no prefix
const tokens = /polar_(?:mst|cst|oat|at_o|at_u|pat|crt|whs)_[\w-]+/g

/** The secrets of a run. */
export interface Secrets {
  /** Remembers a secret that nothing may print. */
  readonly add: (secret: string | undefined) => void
  /** Replaces every secret in a text by `…`. */
  readonly hide: (text: string) => string
}

export const makeSecrets = (): Secrets => {
  const known = new Set<string>()
  return {
    add: (secret) => {
      if (secret !== undefined && secret !== "") known.add(secret)
    },
    hide: (text) => [...known].reduce((shown, secret) => shown.replaceAll(secret, "…"), text).replace(tokens, "…")
  }
}
