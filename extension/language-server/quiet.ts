/** The delay between the last change of a file and the check of the files. Milliseconds. */
export const QUIET_MS = 60;
