import { defineConfig } from "vitest/config"
import { longFiles } from "./longFiles.ts"
import { mutated } from "./invitations/schedules/mutated.ts"

const mutation = process.env["MUTATION"]

export default defineConfig({
  // A run that has to find a fault in the engine says which
  plugins: mutation === undefined ? [] : [mutated(mutation)],
  // The examples have their own copies of these packages, but only one copy knows the current run
  resolve: { dedupe: ["vitest", "@effect/vitest"] },
  test: {
    // The tests wait much of the time, so two workers suit a machine with two cores
    maxWorkers: 3,
    // A file takes longer to load Effect than to run its tests, so the files of a worker share what is loaded
    isolate: false,
    include: ["**/*.test.ts", "../examples/src/*.test.ts"],
    exclude: ["long/**", ...longFiles, "**/node_modules/**"],
    globalSetup: ["temporaryFolder.ts", "bundledCommand.ts"],
    testTimeout: 20_000,
    // More than a start may take, so that the reason of one that failed is shown
    hookTimeout: 30_000,
    // A cache of transformed files would keep the fault
    fsModuleCache: mutation === undefined
  }
})
