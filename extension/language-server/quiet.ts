/** When files are checked: after a pause of the client, and after its requests are answered. */

/** The delay between the last change of a file and the check of the files. Milliseconds. */
export const QUIET_MS = 60;

/**
 * How often the event loop turns between a message and its answer: the message is read, handled, and the answer is
 * written, each in a turn of its own.
 */
const TURNS = 3;

/**
 * Runs work after a pause. Where the process was late (it was suspended, or a request took long), the pause is over
 * before messages are read that arrived during it. The work then waits until they are answered: they are about one
 * place, the work is about all files.
 */
export class Quiet {
    private timer: ReturnType<typeof setTimeout> | undefined;
    /** How many turns are left after the pause. */
    private turns = TURNS;

    constructor(private readonly work: () => void) {}

    /** Begins the pause, or begins it again. */
    begin(): void {
        clearTimeout(this.timer);
        this.turns = TURNS;
        this.timer = setTimeout(() => this.turn(), QUIET_MS);
    }

    /** Tells that a message of the client is being handled. */
    heard(): void {
        this.turns = TURNS;
    }

    private turn(): void {
        if (this.turns === 0) {
            this.work();
            return;
        }
        this.turns--;
        this.timer = setTimeout(() => this.turn());
    }
}
