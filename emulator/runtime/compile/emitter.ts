/** Collects the operations of one function while it is compiled. */
import type { Span } from '../../language/syntax/ast';
import type { StatementPoint } from '../code';

/** A jump target that may not be known yet. */
export interface Label {
    pc: number;
}

export class Emitter<O> {
    readonly ops: O[] = [];
    readonly statements: StatementPoint[] = [];
    readonly statementAt: number[] = [];
    readonly begins: boolean[] = [];
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
    get here(): number {
        return this.ops.length;
    }

    /** A slot for a value between two operations. */
    temp(): number {
        return this.nextSlot++;
    }

    /** The next operation begins the statement at `span`. */
    statement(span: Span): void {
        this.statements.push({ pc: this.here, span });
        this.current = this.statements.length - 1;
        this.pending = true;
    }

    /** The statement that operations belong to now; for {@link belong}. */
    get statementIndex(): number {
        return this.current;
    }

    /** The next operations belong to a statement that began before. */
    belong(statement: number): void {
        this.current = statement;
    }

    emit(op: O): void {
        this.ops.push(op);
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
