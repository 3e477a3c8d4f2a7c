/** Progress of an operation that takes longer than a second, for clients that show it. The user can cancel it there. */

/** Milliseconds after which the client is told. */
const LONG = 1000;

export class Progress {
    /** The client shows progress. */
    enabled = false;
    private count = 0;
    private current: { readonly title: string; readonly began: number; id: string | undefined } | undefined;

    /** @param now a monotonic clock, in milliseconds */
    constructor(
        private readonly now: () => number,
        private readonly event: (name: string, body: object) => void,
    ) {}

    begin(title: string): void {
        this.current = { title, began: this.now(), id: undefined };
    }

    /** It is not done yet; called several times a second. */
    goesOn(): void {
        const { current } = this;
        if (this.enabled && current && current.id === undefined && this.now() - current.began >= LONG) {
            current.id = `lus-${++this.count}`;
            this.event('progressStart', { progressId: current.id, title: current.title, cancellable: true });
        }
    }

    end(): void {
        const id = this.current?.id;
        this.current = undefined;
        if (id !== undefined) {
            this.event('progressEnd', { progressId: id });
        }
    }

    /** Whether an operation with this id goes on. */
    shows(id: string): boolean {
        return this.current?.id === id;
    }
}
