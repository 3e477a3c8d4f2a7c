/** What programs import from the package to have a debug adapter inside: see api-types.d.ts. */
export { nodeHost } from './files';
export { LusDebugSession } from './session';
