export * as JournalFile from "./JournalFile.ts"
export * as JournalSql from "./JournalSql.ts"
export * as JournalStore from "./JournalStore.ts"
export * as SharedRun from "./SharedRun.ts"
