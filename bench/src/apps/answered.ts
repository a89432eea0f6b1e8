/** What an app does with its answer: it tells whoever started it, with the memory it took, and is done. */
export const answered = (id: string): void => {
  console.log(JSON.stringify({ id, maxRss: process.resourceUsage().maxRSS }))
  process.exit(0)
}

/** The server that an app was told of. */
export const url = process.argv[2] ?? ""
