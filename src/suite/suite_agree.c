/* One status on all ranks. */
#include "suite/suite.h"

status_t suite_agree(MPI_Comm comm, status_t status)
{
    int rank, size, worst, holder;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    int mine = (int)status;
    MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MIN, comm); /* errors are negative */
    if (worst == ST_OK) return ST_OK;
    int candidate = mine == worst ? rank : size;
    MPI_Allreduce(&candidate, &holder, 1, MPI_INT, MPI_MIN, comm);
    char line[1024];
    snprintf(line, sizeof line, "%s", fail_message());
    MPI_Bcast(line, sizeof line, MPI_CHAR, holder, comm);
    return fail((status_t)worst, "%s", line);
}
