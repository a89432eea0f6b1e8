export { CurrentSubject } from "./access.ts"
export { layer } from "./routes.ts"
