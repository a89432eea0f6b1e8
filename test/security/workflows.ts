import { readdirSync, readFileSync } from "node:fs"
import { parse } from "yaml"
import { root } from "../../scripts/packages.ts"

interface Step {
  readonly name?: string
  readonly id?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

type Permissions = string | Readonly<Record<string, string>>

interface Job {
  readonly needs?: string | ReadonlyArray<string>
  readonly environment?: string
  readonly permissions?: Permissions
  readonly "runs-on"?: string
  readonly uses?: string
  readonly steps?: ReadonlyArray<Step>
}

/** A workflow of GitHub Actions. */
export interface Workflow {
  readonly on: unknown
  readonly permissions?: Permissions
  readonly jobs: Readonly<Record<string, Job>>
}

const folder = `${root}.github/workflows`

/** The text of every workflow of this repository, by the name of its file. */
export const workflowTexts = new Map(
  readdirSync(folder).map((file) => [file, readFileSync(`${folder}/${file}`, "utf8")] as const)
)

export const parseWorkflow = (text: string): Workflow => parse(text)

const may = (permissions: Permissions | undefined, scope: string): boolean =>
  // GitHub grants all that the repository allows if a workflow names no permissions
  permissions === undefined || typeof permissions === "string" ? true : permissions[scope] === "write"

// Commands that install or fetch something, or run code of the project
const runsCode =
  /\b(npx|pnpm|yarn|bun|node|git|curl|wget|bash|sh|eval|source|make|tar)\b|\bnpm (?!publish\b|--version\b)/
const takesFiles = /^actions\/(setup-node|download-artifact)@/

const stepProblems = ({ run = "", uses, with: inputs = {} }: Step): ReadonlyArray<string> => [
  ...(uses !== undefined && !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(uses) ? [`${uses} is not pinned by SHA`] : []),
  ...(uses?.startsWith("actions/checkout@") && inputs["persist-credentials"] !== false
    ? ["a checkout keeps the credentials"]
    : []),
  ...(uses?.startsWith("actions/cache@") ||
  (uses?.startsWith("actions/setup-node@") && inputs["package-manager-cache"] !== false)
    ? ["a job reads a cache that others write"]
    : []),
  ...(run.includes("${{") ? ["a text of the event becomes part of a script"] : [])
]

const publisherProblems = ({ environment, needs, steps = [], uses }: Job): ReadonlyArray<string> => [
  ...(environment === undefined ? ["the publisher runs in no protected environment"] : []),
  ...(needs === undefined ? ["the publisher needs no tests"] : []),
  ...(uses === undefined ? [] : ["the publisher is a workflow of others"]),
  ...steps.flatMap(({ run = "", uses }) => [
    ...(uses === undefined || takesFiles.test(uses) ? [] : [`the publisher uses ${uses.replace(/@.*/, "")}`]),
    ...(runsCode.test(run) ? [`the publisher runs ${runsCode.exec(run)?.[0]}`] : [])
  ])
]

/** Finds the parts of a workflow that could let others publish in our name. */
export const problemsOf = (text: string): ReadonlyArray<string> => {
  const { jobs, on, permissions } = parseWorkflow(text)
  const named = Object.values(jobs)
  const publishers = named.filter((job) => may(job.permissions ?? permissions, "id-token"))
  const unnamed = text.split("\n").filter((line) => /\buses:/.test(line) && !/@\S+ # v\d+\.\d+\.\d+$/.test(line))
  return [
    ...(may(permissions, "id-token") ? ["every job may ask for an identity token"] : []),
    ...(publishers.length > 1 ? ["several jobs may ask for an identity token"] : []),
    ...publishers.flatMap(publisherProblems),
    ...named.flatMap(({ steps = [] }) => steps.flatMap(stepProblems)),
    ...unnamed.map((line) => `${line.trim()} names no version`),
    ...(/\bsecrets\./.test(text) ? ["a job reads a secret that lasts"] : []),
    ...(/pull_request_target|workflow_run/.test(JSON.stringify(on))
      ? ["a stranger's event starts it with rights"]
      : []),
    ...named.flatMap((job) => (job["runs-on"]?.startsWith("ubuntu-") ? [] : ["a job runs on a machine of others"]))
  ]
}
