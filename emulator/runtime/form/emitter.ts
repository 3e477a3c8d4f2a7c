/** Collects the operations of one piece of code, and the statement of each. */
import type { Span } from '../../language/syntax/ast';
import type { Slot, StatementPoint, Target } from './form';

/** A jump target that may not be known yet. */
export interface Label {
    pc: Target;
}

/** `O` is the type of operations. */
export class Emitter<O> {
    readonly statements: StatementPoint[] = [];
    readonly statementAt: number[] = [];
    readonly begins: boolean[] = [];
    private readonly made: (() => O)[] = [];
    private nextSlot: number;
    private current = -1;
    private pending = false;

    constructor(slots: number) {
        this.nextSlot = slots;
    }

    get slots(): number {
        return this.nextSlot;
    }

    /** The position of the next operation. */
    get here(): Target {
        return this.made.length;
    }

    /** All operations, once every label is placed. */
    operations(): O[] {
        return this.made.map((make) => make());
    }

    /** A slot for an intermediate value. */
    temp(): Slot {
        return this.nextSlot++;
    }

    /** The next operation begins the statement at `span`. */
    statement(span: Span): void {
        this.statements.push({ pc: this.here, span });
        this.current = this.statements.length - 1;
        this.pending = true;
    }

    /** The current statement; for {@link belong}. */
    get statementIndex(): number {
        return this.current;
    }

    /** The next operations belong to a statement that began before. */
    belong(statement: number): void {
        this.current = statement;
    }

    emit(operation: O): void {
        this.emitLater(() => operation);
    }

    /** An operation with labels that are not placed yet. */
    emitLater(make: () => O): void {
        this.made.push(make);
        this.statementAt.push(this.current);
        this.begins.push(this.pending);
        this.pending = false;
    }

    label(): Label {
        return { pc: -1 };
    }

    place(label: Label): void {
        label.pc = this.here;
    }
}
