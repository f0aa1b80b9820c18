/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest.S - the lab's guest: one boot sector that is a whole operating system for our purposes.
 *
 * Why: live migration is only worth testing with guests that write memory at a known rate and that
 * can prove afterwards when they ran. This one needs no image to download, boots in the time that
 * the BIOS takes, and costs next to no CPU when idle.
 *
 * How it works: the BIOS loads the sector at 0x7c00 in 16-bit real mode. It switches to flat 32-bit
 * protected mode to reach all memory, remaps the interrupt controllers, lets only the timer
 * through (20 Hz), and halts. On every tick it
 *   - writes one word into each of the next rate * 256 / 20 pages of [start, start + span),
 *     walking round; the remainder is carried, so 1 MiB/s is as exact as 100 MiB/s;
 *   - once a second writes a heartbeat to COM1:  "HH:MM:SS BBBBBBBB NNNNNNNN\n"
 *     (the machine's clock, UTC; boot id, drawn at boot; number of this beat; these two in hex).
 * The boot id and the beat counter live in guest memory and so travel with a live migration: if two
 * hosts log the same boot id and beat, or two boot ids at one time, the VM ran twice.
 *
 * Nothing here depends on the host: no hypercalls, no time stamp counter after boot. So it survives
 * live migration, post-copy and throttling; a slow host only makes it tick later.
 *
 * Parameters: 20 bytes at offset 8 of the sector, little endian, patched by whoever makes the disk:
 *   offset  8  magic "DRVR"     offset 12  MiB written per second (0: idle)
 *   offset 16  start, MiB       offset 20  span, MiB (0: idle)
 *   offset 24  which of the machine's fixed ACPI events it hears (0x100: the power button; 0: none)
 * It obeys the power button within a tick, by switching the machine off; what it does not hear it
 * ignores, and its host has to wait in vain.
 * start + span must be within the guest's memory below 3 GiB; start must be 1 or more.
 *
 * Build: as --32 -o guest.o guest.S
 *        ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o guest.bin guest.o
 */
        .equ    TICK_HZ, 20
        .equ    PIT_DIVISOR, 1193182 / TICK_HZ
        .equ    PAGES_PER_MIB_SHIFT, 8
        .equ    IDT, 0x1000                     /* free low memory: a table for 33 vectors */
        .equ    TIMER_VECTOR, 0x20
        .equ    COM1, 0x3f8
        .equ    PM1_STATUS, 0x600               /* where the BIOS puts the 440FX's power management */
        .equ    PM1_ENABLE, 0x602
        .equ    PM1_CONTROL, 0x604
        .equ    SOFT_OFF, 0x2000                /* sleep enable, of type 0 */

        .text
        .code16
        .globl  _start
_start:
        cli
        ljmp    $0, $enter                      /* some BIOSes come with cs 0x7c0 */

        .org    8
magic:          .ascii  "DRVR"
rate_mib_s:     .long   0
start_mib:      .long   2
span_mib:       .long   0
events:         .long   0x100

enter:
        xorw    %ax, %ax
        movw    %ax, %ds
        inb     $0x92, %al                      /* address line 20: without it odd MiBs alias */
        orb     $2, %al
        andb    $0xfe, %al
        outb    %al, $0x92
        lgdtl   gdt_pointer
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmp    $8, $protected

        .code32
protected:
        movw    $16, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $_start, %esp                   /* the stack grows down below the code */

        /* Interrupt controllers: away from the processor's own vectors; timer only. */
        movl    $pic_setup, %esi
        movl    $(pic_setup_end - pic_setup) / 2, %ecx
1:      lodsw                                   /* al: port, ah: value */
        movzbl  %al, %edx
        movb    %ah, %al
        outb    %al, %dx
        loop    1b

        movw    $timer, IDT + TIMER_VECTOR * 8  /* the code is below 64 KiB: no high half */
        movl    $0x8e000008, IDT + TIMER_VECTOR * 8 + 2 /* code; present, ring 0, interrupt */
        movw    $0, IDT + TIMER_VECTOR * 8 + 6
        lidt    idt_pointer

        movw    $PM1_ENABLE, %dx                /* only an event that is enabled is ever shown */
        movl    events, %eax
        outw    %ax, %dx
        xchgl   %eax, %ebp                      /* ebp: what is heard, for the whole run */

        rdtsc
        movl    %eax, boot_id
        movl    start_mib, %edi                 /* edi: where the walk is, for the whole run */
        shll    $20, %edi

        /* Each turn is one tick. sti takes effect after the next instruction: no tick is missed
         * between the two. */
tick:
        sti
        hlt
        cli
        movw    $PM1_STATUS, %dx
        inw     %dx, %ax
        testl   %eax, %ebp
        jz      1f
        movb    $PM1_CONTROL & 0xff, %dl
        movb    $SOFT_OFF >> 8, %ah
        outw    %ax, %dx
1:      movl    rate_mib_s, %eax
        shll    $PAGES_PER_MIB_SHIFT, %eax
        addl    carry, %eax
        xorl    %edx, %edx
        movl    $TICK_HZ, %ecx
        divl    %ecx
        movl    %edx, carry
        movl    %eax, %ecx                      /* pages to write now */
        movl    start_mib, %esi
        movl    span_mib, %edx
        testl   %edx, %edx
        jz      written
        addl    %esi, %edx
        shll    $20, %esi                       /* first byte of the walk */
        shll    $20, %edx                       /* one past its last */
        jecxz   written
write:
        incl    (%edi)                          /* always a new value: no page stays as it was */
        addl    $4096, %edi
        cmpl    %edx, %edi
        jb      1f
        movl    %esi, %edi
1:      loop    write
written:
        decb    countdown
        jnz     tick
        movb    $TICK_HZ, countdown

        /* Heartbeat. The clock may only be read while it is not being updated. */
1:      movb    $0x0a, %al
        call    clock
        testb   %al, %al
        js      1b
        movl    $0x3a04, %ebx                   /* hours; ':' behind */
        call    clock_field
        movb    $0x02, %bl                      /* minutes */
        call    clock_field
        movl    $0x2000, %ebx                   /* seconds; ' ' behind */
        call    clock_field
        movl    boot_id, %ebx
        call    hex32
        movb    $' ', %al
        call    put
        incl    beat
        movl    beat, %ebx
        call    hex32
        movb    $'\n', %al
        call    put
        jmp     tick

timer:                                          /* wakes hlt; the work is done in the loop */
        pushl   %eax
        movb    $0x20, %al
        outb    %al, $0x20
        popl    %eax
        iret

/* bl: clock register holding two decimal digits, bh: what to put behind them */
clock_field:
        movb    %bl, %al
        call    clock
        shll    $24, %eax
        pushl   %ebx
        movl    %eax, %ebx
        movl    $2, %ecx
        call    hex_digits
        popl    %ebx
        movb    %bh, %al
        jmp     put

/* al: clock register; its value comes back in al */
clock:
        outb    %al, $0x70
        inb     $0x71, %al
        ret

/* ebx: number, written as 8 hex digits */
hex32:
        movl    $8, %ecx
hex_digits:                                     /* the first ecx digits of ebx */
        roll    $4, %ebx
        movb    %bl, %al
        andb    $15, %al
        cmpb    $10, %al                        /* digit to character without a table */
        sbbb    $0x69, %al
        das
        call    put
        loop    hex_digits
        ret

put:                                            /* al: character for COM1 */
        movb    %al, %ah
        movw    $COM1 + 5, %dx
1:      inb     %dx, %al                        /* line status: bit 5, may send */
        testb   $0x20, %al
        jz      1b
        movw    $COM1, %dx
        movb    %ah, %al
        outb    %al, %dx
        ret

pic_setup:                                      /* port, value */
        .byte   0x20, 0x11, 0xa0, 0x11          /* both: initialise, four words */
        .byte   0x21, TIMER_VECTOR, 0xa1, TIMER_VECTOR + 8
        .byte   0x21, 4, 0xa1, 2                /* the second hangs on line 2 */
        .byte   0x21, 1, 0xa1, 1                /* 8086 mode */
        .byte   0x21, 0xfe, 0xa1, 0xff          /* the timer alone is let through */
        .byte   0x43, 0x34                      /* timer 0: rate generator */
        .byte   0x40, PIT_DIVISOR & 0xff, 0x40, PIT_DIVISOR >> 8
pic_setup_end:

gdt:                                            /* null, flat code, flat data */
        .quad   0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt
idt_pointer:
        .word   (TIMER_VECTOR + 1) * 8 - 1
        .long   IDT

boot_id:        .long   0
beat:           .long   0
carry:          .long   0
countdown:      .byte   TICK_HZ

        .org    510
        .word   0xaa55
