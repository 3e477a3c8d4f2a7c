/**
 * The costs of a run: of the table, overridden by the machine, the running kernel, the scenario and the command line,
 * in this order.
 */
import type { Clock } from '../../machine/clock';
import { ratesOf, type CostChanges, type CostName } from '../../machine/costs';
import { JournaledRecord, type Journal } from '../../machine/journal';

export class CostSettings extends JournaledRecord {
    private readonly ofMachine: CostChanges = {};
    private readonly ofKernel: CostChanges = {};
    private readonly ofScenario: CostChanges = {};
    private readonly forced: CostChanges = {};

    constructor(
        private readonly journal: Journal,
        private readonly clock: Clock,
    ) {
        super(journal);
    }

    /**
     * @param machine the costs in its declaration.
     * @param forced costs that override the program: `lus blackout --vary`.
     */
    begin(machine: CostChanges, forced: CostChanges): void {
        this.change({ ofMachine: machine, forced });
    }

    /** A kernel starts, with the costs of its description. */
    startKernel(kernel: CostChanges): void {
        this.change({ ofKernel: kernel });
    }

    /** `cost copy 200us`: from here on, in later kernels too. Nanoseconds. */
    set(cost: CostName, ns: number): void {
        this.change({ ofScenario: { ...this.ofScenario, [cost]: ns } });
    }

    private change(fields: {
        readonly ofMachine?: CostChanges;
        readonly ofKernel?: CostChanges;
        readonly ofScenario?: CostChanges;
        readonly forced?: CostChanges;
    }): void {
        this.journal.touch(this);
        Object.assign(this, fields);
        this.clock.setRates(ratesOf(this.ofMachine, this.ofKernel, this.ofScenario, this.forced));
    }
}
