import { constants } from "node:os"

const tasks = new Set<() => void>()

process.once("exit", () => {
  for (const task of tasks) task()
})
// A signal that nobody handles ends a process without "exit"
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}

/** Runs `task` when this process ends, even if a signal ends it. The returned function takes that back. */
export const atExit = (task: () => void): (() => void) => {
  tasks.add(task)
  return () => void tasks.delete(task)
}
