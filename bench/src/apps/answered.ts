/** Prints the id of the seat with the memory and the CPU time of the process, and exits. */
export const answered = (id: string): void => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
  console.log(JSON.stringify({ id, megabytes: maxRSS / 1024, cpuMillis: (userCPUTime + systemCPUTime) / 1000 }))
  process.exit(0)
}

/** The URL of the server, from the command line. */
export const url = process.argv[2] ?? ""
