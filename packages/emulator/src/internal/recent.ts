/** A map that keeps only the entries that were used last, up to a number of them. */
export const make = <Value extends object>(most: number) => {
  const entries = new Map<string, Value>()
  const set = (key: string, value: Value): void => {
    entries.delete(key)
    entries.set(key, value)
    if (entries.size <= most) return
    const [oldest] = entries.keys()
    if (oldest !== undefined) entries.delete(oldest)
  }
  return {
    get: (key: string): Value | undefined => {
      const value = entries.get(key)
      if (value !== undefined) set(key, value)
      return value
    },
    set,
    delete: (key: string) => entries.delete(key),
    clear: () => entries.clear()
  }
}
