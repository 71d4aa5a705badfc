/* ISC license. */

/*
   System calls without a libc, so that a program can be built with nothing but
   them: with BENCH_BARE it has an entry point of its own, and what it costs to
   start is the kernel's exec. Without BENCH_BARE the same source is a usual
   program, started by the libc that the rest of the project is built with.
*/

#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#if defined(__x86_64__)

static inline long raw6 (long n, long a, long b, long c, long d, long e, long f)
{
  register long r10 __asm__ ("r10") = d ;
  register long r8 __asm__ ("r8") = e ;
  register long r9 __asm__ ("r9") = f ;
  long r ;
  __asm__ volatile ("syscall" : "=a" (r) : "a" (n), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9) : "rcx", "r11", "memory") ;
  return r ;
}

 /* clone(2) with a stack: the child calls f, which does not return */

static inline long raw_clone (long n, unsigned long flags, void *top, void (*f) (void))
{
  register long r10 __asm__ ("r10") = 0 ;
  register long r8 __asm__ ("r8") = 0 ;
  register void (*r9) (void) __asm__ ("r9") = f ;
  long r ;
  __asm__ volatile ("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tcall *%%r9\n1:"
    : "=a" (r) : "a" (n), "D" (flags), "S" (top), "d" (0), "r" (r10), "r" (r8), "r" (r9) : "rcx", "r11", "memory") ;
  return r ;
}

#define RAW_START ".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall raw_start\n"

#elif defined(__aarch64__)

static inline long raw6 (long n, long a, long b, long c, long d, long e, long f)
{
  register long x8 __asm__ ("x8") = n ;
  register long x0 __asm__ ("x0") = a ;
  register long x1 __asm__ ("x1") = b ;
  register long x2 __asm__ ("x2") = c ;
  register long x3 __asm__ ("x3") = d ;
  register long x4 __asm__ ("x4") = e ;
  register long x5 __asm__ ("x5") = f ;
  __asm__ volatile ("svc 0" : "+r" (x0) : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x5) : "memory") ;
  return x0 ;
}

static inline long raw_clone (long n, unsigned long flags, void *top, void (*f) (void))
{
  register long x8 __asm__ ("x8") = n ;
  register long x0 __asm__ ("x0") = (long)flags ;
  register void *x1 __asm__ ("x1") = top ;
  register long x2 __asm__ ("x2") = 0 ;
  register long x3 __asm__ ("x3") = 0 ;
  register long x4 __asm__ ("x4") = 0 ;
  register void (*x9) (void) __asm__ ("x9") = f ;
  __asm__ volatile ("svc 0\n\tcbnz x0, 1f\n\tblr x9\n1:"
    : "+r" (x0) : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x9) : "memory", "x30") ;
  return x0 ;
}

#define RAW_START ".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl raw_start\n"

#else
#error "the bench knows x86-64 and aarch64 only"
#endif

#define RAW(n, a, b, c, d, e, f) raw6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW0(n) RAW((n), 0, 0, 0, 0, 0, 0)
#define RAW1(n, a) RAW((n), (a), 0, 0, 0, 0, 0)
#define RAW2(n, a, b) RAW((n), (a), (b), 0, 0, 0, 0)
#define RAW3(n, a, b, c) RAW((n), (a), (b), (c), 0, 0, 0)
#define RAW4(n, a, b, c, d) RAW((n), (a), (b), (c), (d), 0, 0)
#define RAW5(n, a, b, c, d, e) RAW((n), (a), (b), (c), (d), (e), 0)

 /* The program itself: what it returns is its exit code. */

static int program (int argc, char **argv, char **envp) ;

#ifdef BENCH_BARE

extern void raw_start (long *) __attribute__ ((noreturn)) ;

__asm__ (RAW_START) ;

void raw_start (long *sp)
{
  int argc = (int)sp[0] ;
  char **argv = (char **)(sp + 1) ;
  int code = program(argc, argv, argv + argc + 1) ;
  for (;;) RAW1(SYS_exit_group, code) ;
}

#else

int main (int argc, char **argv, char **envp)
{
  return program(argc, argv, envp) ;
}

#endif

#endif
