/**
 * Names of the parameters of Linux 7.2 that have no effect in this emulator, so that a kernel can tell them from
 * unknown ones: plain data, collected from the declarations in its source (early_param(), __setup(), core_param(), and
 * the aliases in fs/proc/proc_sysctl.c). Names of modules' parameters have a dot, and the kernel never logs them.
 */
import type { ArchName } from '../../machine/arch';

const words = (text: string): string[] => text.trim().split(/\s+/);

const EVERYWHERE = words(`
BusLogic TOMOYO_loader TOMOYO_trigger accept_memory acpi acpi_apic_instance acpi_backlight acpi_enforce_resources
acpi_force_32bit_fadt_addr acpi_force_table_verification acpi_irq_balance acpi_irq_isa acpi_irq_nobalance
acpi_irq_pci acpi_mask_gpe acpi_no_auto_serialize acpi_no_memhotplug acpi_no_static_ssdt acpi_no_watchdog
acpi_os_name acpi_osi acpi_pm_good acpi_rev_override acpi_rsdp acpica_no_return_repair agp aha152x aic79xx aic7xxx
alloc_snapshot amd_dynamic_epp amd_iommu_dump amd_iommu_intr amd_prefcore amd_pstate aoe_iflist apm apparmor
atascsi audit audit_backlog_limit bdev_allow_write_mounted bert_disable blkdevparts boot_delay bootconfig ca_keys
carrier_timeout cgroup_debug cgroup_disable cgroup_favordynmods cgroup_no_v1 cgroup_v1_proc check_pages
checkreqprot cifsroot clk_ignore_unused clock clocksource cma_pernuma coherent_pool console console_msg_format
consoleblank coredump_filter crash_kexec_post_notifiers cs89x0_media csdlock_debug debug debug_boot_weak_hash
debug_guardpage_minorder debug_locks_verbose debug_non_panic_cpus debug_objects debug_pagealloc debugfs
deferred_probe_timeout delayacct dhash_entries dhcpclass dma_debug dma_debug_driver dma_debug_entries dmcryptkeys
driver_async_probe dump_apple_properties dyndbg early_ioremap_debug early_page_ext earlycon earlyprintk efi
efivar_ssdt ekgdboc elevator enforcing erst_disable ether evm fail_futex fail_io_timeout fail_make_request
fail_page_alloc fail_skb_realloc fail_usercopy failslab fb_tunnels fbcon fips floppy ftrace ftrace_boot_snapshot
ftrace_dump_on_oops ftrace_filter ftrace_graph_filter ftrace_graph_max_depth ftrace_graph_notrace ftrace_notrace
fw_devlink gcov_persist gpt hardened_usercopy hardlockup_all_cpu_backtrace hash_pointers hashdist hest_disable
hibernate hibernate_compression_threads highres hlt hostname hpet_mmap hugepage_alloc_threads hugetlb_cma
hugetlb_cma_only hugetlb_free_vmemmap hung_task_panic hw_protection i2c_touchscreen_props ignore_loglevel
ignore_rlimit_data ihash_entries ima ima_appraise ima_appraise_tcb ima_canonical_fmt ima_flush_htable ima_hash
ima_policy ima_tcb ima_template ima_template_fmt init init_on_alloc init_on_free initcall_blacklist initcall_debug
initramfs_async initramfs_options initrd initrdmem int_pln_enable integrity_audit intel_pstate iomem ip
ipcmni_extend ips irqaffinity irqfixup irqpoll irqtime isapnp isolcpus ivrs_acpihid ivrs_hpet ivrs_ioapic kasan
kasan_multi_shot keep_bootcon keepinitrd kernelcore kgdbcon kgdbdbgp kgdboc kgdboc_earlycon kgdbts kgdbwait
kmemleak kprobe_event kunit_shutdown lockdown log_buf_len loglevel lp lpj lsm mac5380 max_loop md
mem_sleep_default memblock memhp_default_state memtest mhash_entries mitigations mminit_loglevel module_blacklist
movable_node movablecore mphash_entries mtdparts ncr53c8xx netconsole netdev nfsaddrs nfsroot nfsrootdebug
nmi_watchdog no_console_suspend no_debug_objects no_file_caps no_hash_pointers no_scroll no_steal_acc noautogroup
noefi nogreybus nohibernate nohlt nohugeiomap nohugevmalloc nohz nohz_full noinitrd noirqdebug noisapnp
nokgdbroundup nomodeset nomodule nopvspin norandmaps noresume nosmp nosmt nosoftlockup nospectre_v2 novmcoredd
nowatchdog ntp_tick_adj numa_balancing numa_cma numa_zonelist_order ohci1394_dma page_owner page_poison
page_table_check panic_console_replay panic_force_cpu panic_on_taint panic_sys_info parport parport_init_mode
pause_on_oops pci_slot_ignore pcie_aspm pcie_pme pcie_port_pm pcie_ports pd_ignore_unused percpu_alloc plip
pm_async pm_debug_messages pmtmr pnp_reserve_dma pnp_reserve_io pnp_reserve_irq pnp_reserve_mem pnpacpi preempt
print_fatal_signals profile psi qla1280 quiet raid ramdisk_size ramdisk_start randomize_kstack_offset ras
rcu_nocb_poll rcu_nocbs rdinit reboot regulator_ignore_unused relax_domain_level resched_latency_warn_ms reserve
reset_devices resume resume_offset resumedelay resumewait retain_initrd ro rodata root rootdelay rootflags
rootfstype rootwait rseq_debug rseq_slice_ext rt_group_sched rw sched_proxy_exec sched_thermal_decay_shift
sched_verbose schedstats security selinux sim710 skew_tick slab_merge slab_min_objects slab_nomerge slram
slub_merge slub_min_objects slub_nomerge softlockup_all_cpu_backtrace softlockup_panic st stack_depot_disable
stack_depot_max_pools stack_guard_gap stacktrace stifb stmmaceth swapaccount sxgbeeth sysrq_always_enabled
tcpmhash_entries test_suspend thash_entries thp_anon thp_shmem thread_backlog_napi threadirqs tp_printk
tp_printk_stop_on_boot trace_buf_size trace_clock trace_event trace_instance trace_options trace_trigger
traceoff_after_boot traceoff_on_warning tracing_thresh transparent_hugepage transparent_hugepage_tmpfs
uhash_entries video vm_debug watchdog_thresh wd33c93 xen_console_io xen_scrub_pages xirc2ps_cs
`);

const X86_64 = words(`
acpi_sci acpi_skip_timer_override acpi_sleep acpi_use_timer_override add_efi_memmap align_va_addr alloc_mptable
amd_smn_debugfs_enable apic apic_extnmi apicpmtimer bgrt_disable cachesize cfi clearcpuid cpu_init_udelay
debug_alternative debug_callthunks debugpat disable_mtrr_cleanup disable_mtrr_trim disable_timer_pin_1
efi_no_storage_paranoia enable_mtrr_cleanup forcepae gart_fix_e820 gather_data_sampling gbpages highmem hpet
hv_nopvspin ia32_emulation ibt idle indirect_target_selection init_pkru io_delay l1d_flush l1tf lapic
lapic_timer_c2_ok mce mds memory_corruption_check memory_corruption_check_period memory_corruption_check_size
mmio_stale_data mtrr mtrr_chunk_size mtrr_gran_size mtrr_spare_reg_nr no_ipi_broadcast no_kvmapf no_kvmclock
no_kvmclock_vsyscall no_timer_check no_vmw_sched_clock noapic noapictimer noexec32 nofsgsbase nohpet noinvpcid
nolapic nolapic_timer nomce nonmi_ipi nopat nopcid nopku nopti nopv noreplace_smp nosgx
nospec_store_bypass_disable nospectre_v1 notsc nox2apic olpc_ec_timeout pirq possible_cpus pti rdrand rdt
reg_file_data_sampling reservetop retbleed serialnumber setcpuid sev show_lapic spec_rstack_overflow
spec_store_bypass_disable spectre_bhi spectre_v2 spectre_v2_user split_llc split_lock_detect srbds strict_sas_size
tlbi tsa tsc tsc_early_khz tsx tsx_async_abort unknown_nmi_panic unwind_debug update_mptable uv_memblksize
uvrtcevt vdso vdso32 vmalloc vmscape vsyscall x2apic_phys xen_emul_unplug xen_legacy_crash xen_mc_debug
xen_msr_safe xen_no_vector_callback xen_nopv xen_timer_slop
`);

const ARM64 = words(`
allow_mismatched_32bit_el0 arm_si_l1_workaround_4311569 kpti nodebugmon nospectre_bhb ssbd
`);

/** With underscores. */
export const OTHER_PARAMETERS: Readonly<Record<ArchName, ReadonlySet<string>>> = {
    'x86-64': new Set([...EVERYWHERE, ...X86_64]),
    arm64: new Set([...EVERYWHERE, ...ARM64]),
};
