/** What is made when it is first asked for, and once. A schema takes longer to make than a call to make of it. */
export const lazily = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}
