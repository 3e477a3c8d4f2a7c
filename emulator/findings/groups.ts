/** How severe a diagnosis is, and the groups that diagnoses belong to. */

/** `error`: data or the machine is lost. `warning`: a mistake that costs memory or safety. `hint`: a possible risk. */
export type Severity = 'error' | 'warning' | 'hint';

/** Subjects of findings: the condition of the exception filter for diagnoses selects them. */
export const GROUPS = {
    memory: 'Preserved memory: leaks, use of pages that were not preserved, pages restored twice.',
    handover: 'Handover between kernels: formats, handlers, FLBs.',
    sessions: 'Sessions that are lost, never finished or unreachable.',
    devices: 'DMA, IOMMU tables, devices left running.',
    interrupts: 'Interrupts that are lost, spurious or misrouted.',
    guests: 'Virtual machines: effects of an update on their guests.',
} as const;

export type Group = keyof typeof GROUPS;
