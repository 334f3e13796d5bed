// _dl_find_object, which Debian's libgcc asks glibc for when an exception is thrown: where the unwind tables of the
// code at an address are. (gcc/libgcc/unwind-dw2-fde-dip.c; "Dynamic Linker Introspection" in the glibc manual)
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct dl_find_object {
  unsigned long long flags;
  void* map_start;
  void* map_end;
  struct link_map* link_map;
  void* eh_frame;
  unsigned long long reserved[7];
};

struct search {
  uintptr_t address;
  struct dl_find_object* found;
};

static int look_into(struct dl_phdr_info* object, size_t size, void* context) {
  (void)size;
  const struct search* search = context;
  const ElfW(Phdr)* mapped = NULL;
  const ElfW(Phdr)* tables = NULL;
  for (const ElfW(Phdr)* part = object->dlpi_phdr; part != object->dlpi_phdr + object->dlpi_phnum; ++part) {
    if (part->p_type == PT_LOAD && search->address - (object->dlpi_addr + part->p_vaddr) < part->p_memsz) mapped = part;
    if (part->p_type == PT_GNU_EH_FRAME) tables = part;
  }
  if (!mapped || !tables) return 0;
  search->found->map_start = (void*)(object->dlpi_addr + mapped->p_vaddr);
  search->found->map_end = (void*)(object->dlpi_addr + mapped->p_vaddr + mapped->p_memsz);
  search->found->eh_frame = (void*)(object->dlpi_addr + tables->p_vaddr);
  return 1;
}

// 0, or -1 when no code of the program is there.
int _dl_find_object(void* address, struct dl_find_object* found) {
  struct search search = {(uintptr_t)address, found};
  return dl_iterate_phdr(look_into, &search) ? 0 : -1;
}
