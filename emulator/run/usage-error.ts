/** A request of the user that cannot be done, such as an unknown scenario or kernel. The message is one sentence. */
export class UsageError extends Error {}
