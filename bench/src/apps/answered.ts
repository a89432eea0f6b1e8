/** What an app does with its answer: it tells whoever started it, with the memory and the CPU time it took, and is done. */
export const answered = (id: string): void => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
  console.log(JSON.stringify({ id, megabytes: maxRSS / 1024, cpuMillis: (userCPUTime + systemCPUTime) / 1000 }))
  process.exit(0)
}

/** The server that an app was told of. */
export const url = process.argv[2] ?? ""
